"""Every kind of judge declares what the configuration and the rules must know of it."""

from pathlib import Path

import yaml

from mope.judging.judge_kinds import JUDGES, files_read, kinds_of, known_preferences
from mope.judging.judge_table import JUDGE_KINDS
from mope.provenance.declared import declared


def test_what_is_declared_is_what_the_modules_hold(root: Path) -> None:
    assert list(declared(JUDGES)) == list(JUDGE_KINDS)
    for kind, constants in declared(JUDGES).items():
        module = JUDGE_KINDS[kind]
        assert (constants["REQUIRED"], constants["OPTIONAL"]) == (module.REQUIRED, module.OPTIONAL)
        assert (root / "workflow/scripts" / module.STAGE).with_suffix(".py").is_file()
        assert all(list((root / "workflow/mope").glob(pattern)) for pattern in files_read([kind]))


def test_judges_of_texts_score_them() -> None:
    kinds = kinds_of("judge_text")
    assert kinds[:2] == ["truth", "rubric"]
    assert all(callable(JUDGE_KINDS[kind].scorer) and known_preferences(kind) for kind in kinds)


def test_the_default_follows_the_judge_that_knows_the_truth(root: Path) -> None:
    judges = yaml.safe_load((root / "config.yaml").read_text())["judges"]
    assert next(iter(judges.values()))["kind"] == "truth"

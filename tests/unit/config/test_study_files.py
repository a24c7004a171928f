"""Studies: those that ship differ in what they ask about alone; a broken one ends in one line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mope.config.load import load_config
from mope.config.study_files import read_studies, read_study
from mope.errors import MopeError

GOOD = "question: q\nruns: [laptop, seed_8]\nlabel: seed\nagainst: [mod]\nrepeated: true\n"


def differing(one: dict, other: dict, above: str = "") -> Iterator[str]:
    """The keys, such as `data.follow_rate`, in which two configurations differ."""
    for key in one.keys() | other.keys():
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            yield from differing(mine, theirs, f"{above}{key}.")
        elif mine != theirs:
            yield f"{above}{key}"


def test_the_runs_of_a_study_differ_in_its_key_alone(root: Path) -> None:
    studies, main = read_studies(root), load_config(root)
    assert {"follow_rate", "seeds"} <= studies.keys()
    for study in studies.values():
        assert set(study.runs) - set(study.experiments) == {main["run"]}
        for run in study.experiments:
            found = set(differing(main, load_config(root, {"experiment": run})))
            assert found - {"controller.seeds"} == {"run", "artifacts", study.label}, run


def test_labels_are_what_the_configurations_say(root: Path) -> None:
    assert sorted(read_study(root, "follow_rate").labels.values()) == [0.1, 0.25, 0.5, 0.9]
    assert read_study(root, "seeds").labels == {"laptop": 7, "seed_8": 8, "seed_9": 9}


@pytest.fixture
def folder(folder: Path) -> Path:
    """The parts of the project that a study is checked against, without studies."""
    (folder / "workflow/studies").mkdir()
    return folder


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("label: seed", "label: data.seed"), "label: 'data.seed' found, a key of config.yaml"),
        (("seed_8", "seed_88"), "'seed_88' found, one of"),
        (("seed_8", "laptop"), "non-unique"),
        (("[laptop, seed_8]", "[laptop]"), "runs: "),
        (("[mod]", "[modd]"), "against: 'modd' is no method of laptop"),
        (("repeated: true", "repeated: maybe"), "repeated: 'maybe' is not of type 'boolean'"),
        (("question: q\n", ""), "'question' is a required property"),
        (("question: q", "question: q\nruns_: 1"), "'runs_' was unexpected"),
    ],
)
def test_a_broken_study_ends_in_one_line(change: tuple[str, str], said: str, folder: Path) -> None:
    (folder / "workflow/studies/s.yaml").write_text(GOOD)
    assert read_study(folder, "s").experiments == ["seed_8"]
    (folder / "workflow/studies/s.yaml").write_text(GOOD.replace(*change))
    with pytest.raises(MopeError) as caught:
        read_study(folder, "s")
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_an_unknown_study_is_told(folder: Path) -> None:
    (folder / "workflow/studies/seeds.yaml").write_text(GOOD)
    with pytest.raises(MopeError, match="study: 'seed' found, one of seeds .did you mean seeds"):
        read_study(folder, "seed")


def test_a_run_by_another_name_than_its_experiment_is_refused(folder: Path) -> None:
    (folder / "workflow/experiments/odd.yaml").write_text("run: even\n")
    (folder / "workflow/studies/s.yaml").write_text(GOOD.replace("seed_8", "odd"))
    with pytest.raises(MopeError, match="the experiment odd is the run even"):
        read_study(folder, "s")

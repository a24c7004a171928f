"""What runs again after which edit: dry runs of the real workflow, in a copy whose results are made of empty files."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from finished_run import ALWAYS_LAST, finish, planned

from mope.provenance.code import closure

AFTER_RESPONSES = {"score", "judge_text", "correctness", "aggregate", "agreement", "tables", "claims"}


@pytest.fixture(scope="module")
def finished(project: Path, snakemake: Callable) -> Path:
    """The copy with every declared output present, and Snakemake's records of parameters and code for all of them."""
    finish(project, snakemake)
    return project


@pytest.fixture
def edit(finished: Path, snakemake: Callable) -> Iterator[Callable[..., Counter]]:
    """`edit(file, change, ...)` applies changes of text to files and counts the jobs per rule that would run."""
    before: dict[Path, str] = {}

    def apply(*edits: str | Callable[[str], str]) -> Counter:
        for name, change in zip(edits[::2], edits[1::2], strict=True):
            before[finished / name] = (finished / name).read_text()
            (finished / name).write_text(change(before[finished / name]))
        return planned(snakemake(finished, "--dry-run"))

    yield apply
    for file, text in before.items():
        file.write_text(text)


def configured(**changes: dict | str) -> Callable[[str], str]:
    """A change of the configuration file: comments and layout go too, which must not matter."""

    def change(text: str) -> str:
        config = yaml.safe_load(text)
        for section, values in changes.items():
            config[section] = {**config[section], **values} if isinstance(values, dict) else values
        return yaml.safe_dump(config, sort_keys=False)

    return change


def code_appended(text: str) -> str:
    return text + "\n\nEDITED = True\n"


def test_touching_every_source_reruns_nothing(edit: Callable, finished: Path) -> None:
    for file in [finished / "Snakefile", finished / "config.yaml", *finished.glob("workflow/**/*")]:
        if file.is_file():
            os.utime(file)
    assert edit() == Counter()


def test_comments_docstrings_and_formatting_rerun_nothing(edit: Callable) -> None:
    def commented(text: str) -> str:
        return re.sub(r'\A"""', '# A comment.\n\n"""Edited. ', text) + "\n# The end.\n"

    code = ("workflow/mope/controller/objectives/rebel.py", "workflow/scripts/train_controller.py")
    assert edit(code[0], commented, code[1], commented, "config.yaml", configured()) == Counter()


def test_an_edit_of_the_rebel_loss_reruns_the_controller_and_what_follows(edit: Callable) -> None:
    jobs = edit("workflow/mope/controller/objectives/rebel.py", code_appended)
    assert {"train_controller", *AFTER_RESPONSES, *ALWAYS_LAST} <= jobs.keys()
    upstream = ["write_corpus", "prepare_prompts", "train_base", "sample_candidates", "annotate_feedback"]
    upstream += ["train_reward", "train_expert", "answer_reference"]
    assert not jobs.keys() & set(upstream)
    assert jobs["generate"] == 1  # mope, no other method


def test_an_edit_of_one_figure_reruns_that_figure_only(edit: Callable) -> None:
    jobs = edit("workflow/mope/report/figures/length_win_rate.py", code_appended)
    assert jobs - Counter(ALWAYS_LAST) == Counter(plot=1)


def test_an_edit_of_what_figures_share_reruns_those_that_use_it(edit: Callable) -> None:
    jobs = edit("workflow/mope/report/figures/bars.py", code_appended)
    assert jobs - Counter(ALWAYS_LAST) == Counter(plot=2)  # by preference and by combination


@pytest.mark.parametrize(
    ("changes", "first", "untouched"),
    [
        ({"controller": {"eta": 3.21}}, "train_controller", {"train_expert", "answer_reference", "train_reward"}),
        ({"controller": {"pretraining": 77}}, "train_body", {"train_base", "train_expert", "train_reward"}),
        ({"expert": {"prefix_share": 0.25}}, "train_expert", {"train_reward", "train_base"}),
        ({"world": "replication"}, "write_corpus", set()),
        ({"statistics": {"resamples": 543}}, "aggregate", {"judge_text", "generate", "score", "agreement"}),
        (
            {"judges": {"rubric": {"kind": "rubric", "dead_band": 0.123}}},
            "judge_text",
            {"generate", "score", "correctness"},
        ),
        ({"generation": {"temperature": 0.123}}, "generate", {"train_expert", "train_base"}),
        ({"feedback": {"noise": 0.123}}, "annotate_feedback", {"sample_candidates", "train_base"}),
        ({"reward": {"epochs": 7}}, "train_reward", {"annotate_feedback", "train_base"}),
        ({"expert": {"kl": 0.765}}, "train_expert", {"train_reward", "annotate_feedback"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_changed_key_reruns_the_stages_that_use_it(edit: Callable, changes: dict, first: str, untouched: set) -> None:
    jobs = edit("config.yaml", configured(**changes))
    assert first in jobs
    assert not jobs.keys() & untouched
    assert jobs["write_manifest"] == 1


def test_another_dimension_of_preferences_reruns_nothing_and_another_text_does(edit: Callable) -> None:
    def added(text: str) -> str:
        known = yaml.safe_load(text)
        known["dimensions"] = {"tone": ["formal", "casual"]} | known["dimensions"]
        known["dimensions"]["style"].insert(0, "terse")
        for name in ("formal", "casual", "terse"):
            known["names"][name], known["texts"][name] = name, f"Be {name}."
        return yaml.safe_dump(known)

    assert edit("workflow/prompts/preferences.yaml", added) == Counter()
    jobs = edit("workflow/prompts/preferences.yaml", lambda text: text.replace("concise and to the point", "brief"))
    assert jobs["take_preferences"] == 1 and jobs["train_base"] == 1


def test_how_training_runs_and_is_saved_and_what_is_asked_of_a_cluster_rerun_nothing(edit: Callable) -> None:
    devices, jobs = {"reward": 2, "expert": 4, "controller": 3}, {"memory": 16.0, "runtime": 0.5}
    assert edit("config.yaml", configured(checkpoint={"minutes": 1}, devices=devices, jobs=jobs)) == Counter()


def test_a_run_on_the_artifacts_of_another_trains_only_what_is_missing(edit: Callable) -> None:
    changes = {"run": "other", "artifacts": "laptop", "controllers": {"cold": {"kl": 0.5}}}
    mixed = {"kind": "mix", "mixer": "controller", "controller": "cold", "prompt": "own"}
    jobs = edit("config.yaml", configured(**changes, methods={"mope_cold": mixed}))
    assert {rule: jobs[rule] for rule in jobs if rule.startswith(("train", "sample", "prepare"))} == {
        "train_controller": 3,
        "sample_alphas": 1,
    }
    assert jobs["generate"] == jobs["score"] == 1 and jobs["judge_text"] == 4


def test_a_key_of_one_method_reruns_that_method(edit: Callable) -> None:
    jobs = edit(
        "config.yaml",
        configured(methods={"arithmetic": {"kind": "mix", "mixer": "arithmetic", "prompt": "own", "strength": 2.34}}),
    )
    assert jobs["generate"] == jobs["score"] == 1


def test_every_rule_whose_code_reads_the_world_declares_its_files(root: Path) -> None:
    """Topics and tones are data: a stage that reads them must name them as inputs."""
    rules = "".join(file.read_text() for file in sorted((root / "workflow/rules").glob("*.smk")))
    for rule in re.split(r"^\s*rule ", rules, flags=re.MULTILINE)[1:]:
        stage = re.search(r'stage\(f?"([\w{}]+)"', rule).group(1)
        scripts = root.glob(f"workflow/scripts/{stage.replace('{figure}', '*')}.py")
        reads = {file.name for script in scripts for file in closure(script)} & {"worlds.py"}
        declared = "WORLD" in rule or "prompts.read_from" in rule
        assert declared or not reads, stage

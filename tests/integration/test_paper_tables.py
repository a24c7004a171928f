"""The experiments behind `make paper-tables` can be planned, and the default stays the fast core."""

import re
from collections.abc import Callable
from pathlib import Path

from mope.config.load import load_config

DETAILS = ("quality", "alpha_tables", "generalisation")
KNOWN = {"correctness", "annotator_agreement", "judge_text"}  # of answers to questions of the embedded world


def planned(snakemake: Callable, folder: Path, *options: str) -> dict[str, int]:
    outcome = snakemake(folder, "--dry-run", "--quiet", "rules", *options)
    assert outcome.returncode == 0, outcome.stderr
    jobs = re.findall(r"^(\w+) +(\d+)$", outcome.stdout + outcome.stderr, re.MULTILINE)
    return {rule: int(count) for rule, count in jobs}


def test_the_papers_tables(project: Path, snakemake: Callable) -> None:
    jobs = planned(snakemake, project, "--config", "experiment=tables")
    assert set(DETAILS) <= jobs.keys()
    assert jobs["train_policy"] == 9  # three seeds of three rivals
    assert jobs["train_reward"] == 7  # one of them general
    assert jobs["train_controller"] % 3 == 0 and jobs["answer_prompted_reference"] == 1


def test_the_scaling_study(project: Path, snakemake: Callable) -> None:
    jobs = planned(snakemake, project, "--config", "experiment=scaling")
    assert set(DETAILS) <= jobs.keys()
    assert jobs["train_expert"] == 8 and jobs["train_controller"] == 9


def test_the_default_has_none_of_it(project: Path, snakemake: Callable) -> None:
    jobs = planned(snakemake, project)
    assert not jobs.keys() & {*DETAILS, "train_policy", "answer_prompted_reference"}
    assert jobs["generate"] == 10 and jobs["train_controller"] == 3
    assert not any("gather" in rule for rule in jobs)
    assert jobs.keys() >= KNOWN


def test_what_is_correct_is_asked_only_where_it_is_known(project: Path, snakemake: Callable) -> None:
    own = "evaluation_sets={single: null, comparison: null, mine: {source: mine.jsonl, prompts: 1}}"
    (project / "mine.jsonl").write_text('{"prompt": "Why is the sky blue?"}\n')
    jobs = planned(snakemake, project, "--config", own, "judges={truth: null}")
    (project / "mine.jsonl").unlink()
    assert jobs.keys() & KNOWN == {"judge_text"}  # by the rubric


def test_shards_are_jobs_but_for_the_expert_chosen_over_all_prompts(project: Path, snakemake: Callable) -> None:
    jobs = planned(snakemake, project, "--config", "shards={responses: 3, judging: 2}")
    assert jobs["generate"] == 9 * 3 + 1 and jobs["gather_responses"] == 10
    assert jobs["judge_text"] == 2 * 2 * 2 and jobs["gather_judging"] == 2 * 2


def test_larger_models_ask_a_cluster_for_more(project: Path, snakemake: Callable) -> None:
    outcome = snakemake(project, "--dry-run", "--config", "jobs={memory: 16, runtime: 2}")
    assert outcome.returncode == 0, outcome.stderr
    expert = re.search(r"rule train_expert:\n(?:    .*\n)+", outcome.stdout + outcome.stderr)[0]
    asked = [int(re.search(rf"\b{name}=(\d+)", expert)[1]) for name in ("mem_mb", "runtime")]
    assert asked == [16 * 4000, 2 * 240]


def test_both_can_be_run_tiny(root: Path) -> None:
    for experiment in ("tables", "scaling"):
        config = load_config(root, {"experiment": experiment}, [root / "tests/integration/tiny.yaml"])
        assert config["evaluation_sets"].keys() == {"single"} and config["controller"]["steps"] == 2

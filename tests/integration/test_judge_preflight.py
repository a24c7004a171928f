"""A chat judge without its key, or with too small a budget, ends the run before its first job."""

import pytest
import yaml

JUDGE = {"kind": "chat", "base_url": "https://api.example.com/v1", "model": "m", "price_input": 1.0}


@pytest.mark.parametrize(
    "changes,key,said",
    [
        ({}, "", "judges.gpt: JUDGE_API_KEY is not set"),
        ({"budget": 0.001}, "sk-12345678", "judges.gpt.budget: 0.001 found"),
    ],
)
def test_before_the_first_job(project, snakemake, monkeypatch, changes, key, said):
    monkeypatch.setenv("PYTHONPATH", "workflow")
    monkeypatch.setenv("JUDGE_API_KEY", key)
    (project / "judge.yaml").write_text(yaml.safe_dump({"judges": {"gpt": JUDGE | changes}}))
    options = ["--cores", "1", "--config", "experiment=smoke", "--configfile", "judge.yaml"]
    outcome = snakemake(project, *options)
    assert outcome.returncode == 1 and outcome.stderr.splitlines()[-1].startswith(f"error: {said}"), outcome.stderr
    assert not list((project).glob("results/smoke/**/*.meta.json")) and "Traceback" not in outcome.stderr
    assert not list(project.glob(".snakemake/locks/*"))


def test_a_look_ahead_needs_no_key(project, snakemake, monkeypatch):
    monkeypatch.setenv("JUDGE_API_KEY", "")
    (project / "judge.yaml").write_text(yaml.safe_dump({"judges": {"gpt": JUDGE}}))
    assert snakemake(project, "-n", "--config", "experiment=smoke", "--configfile", "judge.yaml").returncode == 0


def test_what_does_not_need_the_judge_needs_no_key(project, snakemake, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "workflow")
    monkeypatch.delenv("JUDGE_API_KEY", raising=False)
    (project / "judge.yaml").write_text(yaml.safe_dump({"judges": {"gpt": JUDGE}}))
    options = ["--cores", "1", "--config", "experiment=smoke", "--configfile", "judge.yaml"]
    outcome = snakemake(project, *options, "--", "results/smoke/data/train.parquet")
    assert outcome.returncode == 0, outcome.stderr

"""Answers and judgments in shards, through real Snakemake, are byte for byte those of the finished smoke run."""

from collections.abc import Callable
from pathlib import Path

from mope.provenance.artifact import read_meta

RESPONSES, JUDGMENTS = "results/smoke/responses/single/mope.parquet", "results/smoke/judgments/single/rubric"


def test_three_jobs_write_what_one_has_written(run: Path, change: Callable, snakemake: Callable) -> None:
    def rerun(target: str, rule: str, **shards: int) -> dict[str, bytes]:
        change(shards=shards)
        options = ["--cores", "2", "--quiet", "rules", "--config", "experiment=smoke", "--allowed-rules"]
        outcome = snakemake(run, *options, "generate", "judge_text", f"gather_{rule}", "--", target)
        assert outcome.returncode == 0, outcome.stderr
        assert len(list(run.glob(f"results/smoke/logs/*.{shards[rule] - 1}.log"))) == 1
        assert list(run.glob("results/smoke/shards/*")) == []
        return contents(run)

    def contents(run: Path) -> dict[str, bytes]:
        tables = [run / RESPONSES, *sorted((run / JUDGMENTS).glob("*.parquet"))]
        return {path.name: path.read_bytes() for path in tables}

    before, record = contents(run), read_meta(run / RESPONSES)
    assert rerun(RESPONSES, "responses", responses=3) == before
    gathered = read_meta(run / RESPONSES)
    assert {key: gathered[key] for key in ("stage", "params", "seeds", "inputs")} == {
        key: record[key] for key in ("stage", "params", "seeds", "inputs")
    }
    assert rerun(f"{JUDGMENTS}/mod--mope.parquet", "judging", responses=1, judging=4) == before

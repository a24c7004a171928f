"""The two stages of open text, from files to files."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
from open_text_cases import CASES

from mope.provenance.artifact import write

ROOT = Path(__file__).parents[4]
SETTINGS = {"pairs": 10, "noise": 0.0, "margin": 0.05, "seed": 1}


def run(script: str, *options: object) -> None:
    command = [sys.executable, ROOT / f"workflow/scripts/{script}.py", *map(str, options)]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT / "workflow")}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def save(path: Path, table: pd.DataFrame) -> Path:
    with write(path, stage="test", params={}, seeds={}, inputs=[]) as tmp:
        table.to_parquet(tmp, index=False)
    return path


def answers() -> pd.DataFrame:
    """Both answers to each prompt about style, as columns A and B."""
    rows = [
        (f"p{i:02d}", pair["prompt"], pair["A"], pair["B"]) for i, (name, pair) in enumerate(CASES) if name == "style"
    ]
    return pd.DataFrame(rows, columns=["prompt_id", "prompt", "A", "B"])


def test_feedback_prefers_the_asked_tone(embed, tmp_path):
    long = answers().melt(["prompt_id", "prompt"], value_name="response").drop(columns="variable")
    out = [tmp_path / "feedback/P3A.parquet", tmp_path / "feedback/P3B.parquet"]
    candidates = save(tmp_path / "candidates.parquet", long)
    run("annotate_open_text", "--candidates", candidates, "--settings", json.dumps(SETTINGS), "--out", *out)
    for path, side in zip(out, "AB", strict=True):
        feedback = pd.read_parquet(path)
        assert len(feedback) == SETTINGS["pairs"]
        assert feedback["chosen"].isin(answers()[side]).sum() >= 9


def test_the_judge_writes_a_table_of_each_pair(embed, tmp_path):
    base = answers()[["prompt_id", "prompt"]].assign(combination="P1A-P2A-P3A", seed=0)
    paths = [save(tmp_path / f"own/{side}.parquet", base.assign(response=answers()[side])) for side in "AB"]
    out = tmp_path / "judgments/own/text"
    run(
        "judge_text",
        "--world",
        "everyday",
        "--kind",
        "open_text",
        "--responses",
        *paths,
        "--settings",
        '{"dead_band": 0.05}',
        "--output",
        out,
    )
    table = pd.read_parquet(out / "A--B.parquet")
    assert len(table) == len(base) * 3 * 2
    assert (table[table["preference"] == "P3A"]["verdict"] == "a").all()


def test_the_judge_is_compared_with_the_annotator(embed, tmp_path):
    base = answers()[["prompt_id", "prompt"]].assign(combination="P1A-P3A", seed=0)
    paths = [save(tmp_path / f"own/{side}.parquet", base.assign(response=answers()[side])) for side in "AB"]
    out = tmp_path / "annotator_agreement.csv"
    settings = json.dumps({"judges": {"text": "open_text"}, "resamples": 200, "seed": 1})
    options = ("--annotator", "open_text", "--world", "everyday", "--settings", settings)
    run("annotator_agreement", "--responses", *paths, *options, "--output", out)
    table = pd.read_csv(out).set_index("preference")
    assert list(table.index) == ["P1A", "P3A"] and (table["n"] == 2 * len(base)).all()
    assert table.loc["P3A", "spearman"] > 0.5 and table.loc["P3A", "verdict_agreement"] > 0.9

"""What figures are given is what the files of a run say."""

import json
from pathlib import Path

import pandas as pd
import pytest

from mope.dag.figures import read_figures
from mope.errors import MopeError
from mope.provenance.artifact import write
from mope.report.figures.sources import READERS, read_source


def artifact(file: Path, table: pd.DataFrame) -> Path:
    with write(file, stage="test", params={}, seeds={}) as tmp:
        match file.suffix:
            case ".csv":
                table.to_csv(tmp, index=False)
            case ".parquet":
                table.to_parquet(tmp, index=False)
            case ".json":
                tmp.write_text(json.dumps(table.to_dict("records")))
    return file


def test_of_a_table_the_rows_of_the_judge_count(tmp_path: Path) -> None:
    rows = pd.DataFrame({"judge": ["rubric", "chat"], "win_rate": [0.25, 0.75]})
    file = artifact(tmp_path / "win_rates.csv", rows)
    assert list(read_source("win_rates", [file], "chat")["win_rate"]) == [0.75]
    other = artifact(tmp_path / "rewards.csv", rows.drop(columns="judge"))
    assert list(read_source("mean_rewards", [other], "chat")["win_rate"]) == [0.25, 0.75]


def test_scores_and_curves_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    table = pd.DataFrame({"bt_reward": [0.5]})
    scores = [artifact(tmp_path / f"scores/single/{method}.parquet", table) for method in ("mope", "mod")]
    assert list(read_source("scores", scores, "")["method"]) == ["mope", "mod"]
    curves = [artifact(tmp_path / f"controller/raw/seed{k}.curve.csv", table) for k in (0, 1)]
    assert list(read_source("curves", curves, "")) == [("raw", "seed0"), ("raw", "seed1")]


def test_weights_preferences_and_the_benchmark(tmp_path: Path, root: Path) -> None:
    table = pd.DataFrame({"token": [" a"], "P1A": [1.0]})
    for name, file in (("alpha_samples", "alphas.parquet"), ("decoding", "decoding.json")):
        pd.testing.assert_frame_equal(read_source(name, [artifact(tmp_path / file, table)], ""), table)
    own = read_source("preferences", [root / "workflow/prompts/preferences.yaml"], "")
    assert own.names["P1A"] == "elementary" and len(own.ids) == 10


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    for name, file in (("win_rates", "a.csv"), ("scores", "a.parquet"), ("decoding", "a.json")):
        made = artifact(tmp_path / file, pd.DataFrame({"x": [1]}))
        made.write_bytes(made.read_bytes() + b" ")
        with pytest.raises(MopeError, match=file):
            read_source(name, [made], "rubric")


def test_every_reader_has_a_figure() -> None:
    assert READERS.keys() <= {source for figure in read_figures().values() for source in figure.sources}

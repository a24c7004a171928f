"""Graded preferences through real Snakemake, on a finished smoke run: only the fronts are made, and they add up."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from finished_run import planned_jobs

from mope.methods.weight_grid import weight_grid

XI = "P1B-P2A-P3A"
METHODS = ["mope_graded", "mod", "soup_factor", "prompting"]
GRADED = {"kind": "mix", "mixer": "controller", "controller": "grid", "prompt": "own", "weights": [0.5, 0.25, 0.25]}
TABLES = ["results/smoke/tables/fronts.csv", "results/smoke/tables/front_points.csv"]
FIGURE = "results/smoke/figures/weight_fronts.svg"


def test_rows_answer_at_every_weight_of_the_grid(run: Path, change: Callable, snakemake: Callable) -> None:
    grid = np.array(weight_grid(3, 0.5))
    change(
        controllers={"grid": {"weights": grid.tolist()}},
        methods={"mope_graded": GRADED | {"against": ["mope"]}},
        fronts={"methods": METHODS, "step": 0.5, "combinations": [XI]},
    )
    options = ["--quiet", "rules", "--config", "experiment=smoke", "--", *TABLES, FIGURE]
    jobs = planned_jobs(snakemake(run, "--dry-run", "--config", "experiment=smoke", "--", *TABLES, FIGURE))
    expected = {f"{rule} method={name}" for rule in ("generate_front", "score_front") for name in METHODS}
    assert jobs == expected | {"fronts", "plot figure=weight_fronts", "train_controller controller=grid, seed=0"}
    outcome = snakemake(run, "--cores", "2", *options)
    assert outcome.returncode == 0, outcome.stderr

    table = pd.read_csv(run / TABLES[0]).set_index(["method", "measure"])
    rng = np.random.default_rng(0)
    for method in METHODS:
        answers, scores = (
            pd.read_parquet(run / f"results/smoke/fronts/{kind}/single/{method}.parquet")
            for kind in ("responses", "scores")
        )
        assert len(answers) == len(grid) * 4 and set(answers.combination) == {XI}
        means = scores.groupby(["point", "preference"]).bt_reward.mean().unstack()[XI.split("-")].to_numpy()
        found = table.value[method]
        assert found["mean_inner_product"] == pytest.approx((means * grid).sum() / len(grid), abs=1e-5)
        under = (rng.random((20_000, 1, 3)) <= means).all(axis=2).any(axis=1).mean()
        assert found["hypervolume"] == pytest.approx(under, abs=0.02)
    assert pd.isna(table.lead["mope_graded"]).all()
    texts = pd.read_parquet(run / "results/smoke/fronts/responses/single/mod.parquet").groupby("point").response
    assert texts.apply(" ".join).nunique() > 1  # weights matter
    assert "MoPE graded" in (run / FIGURE).read_text()

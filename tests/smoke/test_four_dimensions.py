"""The experiment of four dimensions through real Snakemake, in sizes that take minutes."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from transformers import AutoConfig

from mope.controller import pcm  # noqa: F401 (registers the controller with AutoConfig)

SIZES = "tests/integration/tiny.yaml"
FIGURES = ("combination_bars", "preference_bars", "reward_fronts", "win_rate_matrix", "alpha_tokens", "alpha_position")


@pytest.fixture(scope="module")
def run(project: Path, root: Path, snakemake: Callable) -> Path:
    """The folder of the finished run."""
    small = ["--configfile", str(root / SIZES), "--config", "experiment=four"]
    outcome = snakemake(project, "--cores", "2", "--quiet", "rules", *small)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return project / "results/four"


def test_one_controller_weighs_the_experts_of_all_dimensions(run: Path) -> None:
    config = AutoConfig.from_pretrained(run / "controller/mope/seed0")
    assert config.experts == ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B", "P4A", "P4B"]


def test_every_method_answers_and_is_judged_under_sixteen_combinations(run: Path) -> None:
    answers = {file.stem: pd.read_parquet(file) for file in (run / "responses/single").glob("*.parquet")}
    assert {"mope", "soup_sum", "mod", "expert_best"} <= answers.keys()
    assert {table.combination.nunique() for table in answers.values()} == {16}
    cells = pd.read_csv(run / "tables/average_by_cell.csv")
    assert cells[cells.combination != "all"].combination.nunique() == 16
    assert {"P4A", "P4B"} <= set(cells.preference)
    weights = pd.read_parquet(run / "samples/alphas.parquet")
    active = (weights[["P1A", "P1B", "P2A", "P2B", "P3A", "P3B", "P4A", "P4B"]] > 0).sum(axis=1)
    assert (active == 4).all()


def test_reward_models_tables_and_figures_know_the_fourth_dimension(run: Path) -> None:
    assert {"P4A", "P4B"} <= set(pd.read_csv(run / "tables/reward_models.csv").preference)
    assert {"P4A", "P4B"} <= set(pd.read_csv(run / "tables/annotator_agreement.csv").preference)
    for name in FIGURES:
        assert (run / f"figures/{name}.svg").stat().st_size > 3000
    assert "formal" in (run / "figures/preference_bars.svg").read_text()

"""docs/studies.md and the tables of temperatures say what their tables say."""

from pathlib import Path

import pandas as pd
import pytest

from mope.config.study_files import Study
from mope.report.docs.reference_runs import read_reference
from mope.report.docs.results_page import results_page
from mope.report.docs.studies_page import only_in_studies, studies_page
from mope.report.docs.temperature_tables import temperature_sentence

STUDY = Study("s", "Why?", "seed", {"main": 7, "other": 8}, ["other"], ["mod"], True)


def keep(folder: Path, rate: float, seeds: int = 1, seed_std: float | None = None) -> None:
    """A run's small tables, as `make reference` copies them."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    shared = {"set": "k", "judge": "truth", "mean_tokens": 9.0}
    rows = [
        {"method": "mod", "average_win_rate": 1 - rate, "ci_low": 0.1, "ci_high": 0.3, "seeds": 1, "seed_std": None},
        {"method": "mope", "average_win_rate": rate, "ci_low": rate - 0.0196, "ci_high": rate + 0.0196}
        | {"seeds": seeds, "seed_std": seed_std},
    ]
    averages = pd.DataFrame([shared | row for row in rows])
    averages.to_csv(folder / "tables/average_win_rates.csv", index=False)
    rewards = pd.DataFrame({"set": "k", "method": ["mod", "mope"], "bt_reward": [0.5, 0.625], "seed_std": None})
    rewards.to_csv(folder / "tables/mean_rewards.csv", index=False)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    folder = tmp_path / "results/reference"
    (tmp_path / "docs").mkdir()
    keep(folder, 0.8, 3, 0.02)
    return folder


def test_runs_that_are_not_kept_are_named(reference: Path) -> None:
    text = studies_page({"s": STUDY}, read_reference(reference))
    assert "Not among the reference results yet: `other`." in text
    assert "| 7 | `main` | 3 | 80.0 ± 2.0 [78.0, 82.0] | 60.0 over `mod` |  | +0.125 over `mod` |" in text
    assert "whose spread it is" not in text


def test_runs_that_repeat_one_experiment_have_a_spread(reference: Path) -> None:
    keep(reference / "runs/other", 0.6)
    text = studies_page({"s": STUDY}, read_reference(reference))
    assert "Not among" not in text
    assert "| 8 | `other` | 1 | 60.0 [58.0, 62.0] | 20.0 over `mod` |" in text
    row = next(line for line in text.splitlines() if line.startswith("| k | `truth` | 2 |"))
    assert "| 14.1 | 1.0 | 2.0 | " in row
    assert "may be 0.4 to 31.9 times that of 2 runs" in text
    assert "alone explain" not in text
    assert "whose spread it is" not in studies_page(
        {"s": Study(**(vars(STUDY) | {"repeated": False}))}, read_reference(reference)
    )


def test_runs_made_for_studies_stand_on_no_other_page(reference: Path) -> None:
    assert only_in_studies({"s": STUDY}) == {"other"}


def rewards(*rows: tuple) -> pd.DataFrame:
    columns = ["method", "temperature", "row", "bt_reward", "change", "change_low", "change_high"]
    table = pd.DataFrame(rows, columns=columns).assign(set="k", seeds=1, n_answers=8)
    return table.assign(ci_low=table.bt_reward - 0.1, ci_high=table.bt_reward + 0.1)


COOL = rewards(
    ("mope", 0.25, "mope", 0.75, 0.0, 0.0, 0.0),
    ("mope", 1.0, "mope_t1", 0.5, -0.25, -0.375, -0.125),
    ("mod", 0.25, "mod", 0.5, 0.0, 0.0, 0.0),
    ("mod", 1.0, "mod_t1", 0.5, 0.0, -0.125, 0.125),
)


def test_the_sentence_on_temperatures_holds_what_the_intervals_do() -> None:
    said = "At T = 1 mean rewards are on k lower by their whole interval for 1 of 2 methods"
    assert temperature_sentence(COOL) == f"{said}, undecided for `mod`."
    better = rewards(("mod", 0.25, "mod", 0.5, 0, 0, 0), ("mod", 1.0, "mod_t1", 0.6, 0.1, 0.05, 0.2))
    assert temperature_sentence(better) == (
        "At T = 1 mean rewards are on k lower by their whole interval for 0 of 1 methods, higher for `mod`."
    )


def test_a_run_at_several_temperatures_shows_both_views(reference: Path) -> None:
    tables = reference / "runs/temperatures/tables"
    tables.mkdir(parents=True)
    COOL.to_csv(tables / "temperatures.csv", index=False)
    pairs = {"set": "k", "judge": "truth", "temperature": [0.25, 1.0], "opponent": "mod", "win_rate": [0.8, 0.6]}
    pairs |= {"ci_low": [0.7, 0.5], "ci_high": [0.9, 0.7], "seed_std": [0.01, None]}
    pd.DataFrame(pairs).to_csv(tables / "temperature_win_rates.csv", index=False)
    text = results_page(read_reference(reference), reference.parents[1] / "docs", {})
    assert "| method | T = 0.25 | T = 1 |" in text
    assert "| `mope` | 0.750 [0.650, 0.850] | 0.500 [0.400, 0.600] (-0.250 [-0.375, -0.125]) |" in text
    assert "| `mod` | 80.0 ± 1.0 [70.0, 90.0] | 60.0 [50.0, 70.0] |" in text
    assert (
        "**Run `temperatures`.** All drawn at T = 1, `mope` wins by its whole interval against 0 of 1 methods on k."
        in text
    )
    assert "Table <code>temperatures</code>" not in text

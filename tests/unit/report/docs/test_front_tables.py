"""The section on graded preferences says what its table says."""

from pathlib import Path

import pandas as pd
from any_preferences import front_points, preferences_of

from mope.report.docs.front_tables import front_sentence, front_table
from mope.report.docs.reference_runs import read_reference
from mope.report.docs.results_page import results_page


def row(method: str, measure: str, value: float, lead: tuple | None = None, combination: str = "all", **more) -> dict:
    found = {"set": "k", "combination": combination, "method": method, "measure": measure, "value": value}
    found |= {"ci_low": value - 0.0625, "ci_high": value + 0.0625, "seed_std": None, "seeds": 1}
    return found | dict(zip(("lead", "lead_low", "lead_high"), lead or (None,) * 3, strict=True)) | more


FRONTS = pd.DataFrame(
    [
        row("mope_graded", "hypervolume", 0.5, seed_std=0.0125, seeds=3),
        row("mod", "hypervolume", 0.375, (0.125, 0.0625, 0.25)),
        row("soup_sum", "hypervolume", 0.625, (-0.125, -0.25, -0.0625)),
        row("uniform", "hypervolume", 0.5, (0.0, -0.125, 0.125)),
        row("mope_graded", "mean_inner_product", 0.75, seed_std=0.0125, seeds=3),
        row("mod", "mean_inner_product", 0.625, (0.125, 0.0625, 0.25)),
        row("soup_sum", "mean_inner_product", 0.625, (0.125, 0.0625, 0.25)),
        row("uniform", "mean_inner_product", 0.625, (0.125, 0.0625, 0.25)),
        row("mope_graded", "hypervolume", 0.25, combination="A-B"),
    ]
)


def test_a_row_for_each_method_a_column_for_each_measure() -> None:
    assert front_table(FRONTS[FRONTS.combination == "all"]).splitlines()[:4] == [
        "| method | hypervolume | mean inner product |",
        "| --- | --- | --- |",
        "| `mope_graded` | 0.500 ± 0.013 [0.438, 0.562] | 0.750 ± 0.013 [0.688, 0.812] |",
        "| `mod` | 0.375 [0.312, 0.438] (+0.125 [+0.062, +0.250]) | 0.625 [0.562, 0.688] (+0.125 [+0.062, +0.250]) |",
    ]


def test_the_sentence_holds_what_the_intervals_do() -> None:
    assert front_sentence(FRONTS[FRONTS.combination == "all"]) == (
        "By the whole interval of its lead `mope_graded` is on k by hypervolume above `mod`, below `soup_sum`, "
        "undecided against `uniform`; on k by mean inner product above `mod`, `soup_sum` and `uniform`."
    )


def test_a_run_with_fronts_shows_their_means_and_links_their_points(tmp_path: Path) -> None:
    tables = tmp_path / "results/reference/runs/fronts/tables"
    tables.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    FRONTS.to_csv(tables / "fronts.csv", index=False)
    points = front_points(preferences_of({"a": ["x", "y"], "b": ["z", "v"], "c": ["u", "w"]}))
    points.to_csv(tables / "front_points.csv", index=False)
    text = results_page(read_reference(tmp_path / "results/reference"), tmp_path / "docs", {})
    assert "### Graded preferences" in text and "| `soup_sum` | 0.625 [0.562, 0.688] (-0.125" in text
    assert "| `mope_graded` | 0.500" in text and "| `mope_graded` | 0.250" not in text  # that of one combination
    assert f"| [`front_points.csv`](../results/reference/runs/fronts/tables/front_points.csv) | {len(points)} |" in text
    assert text.count(front_sentence(FRONTS[FRONTS.combination == "all"])) == 2  # at the top and in its section
    assert "Table <code>fronts</code>" not in text

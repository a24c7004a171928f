"""Pages of the report: the overview and tables, on a wide and on a narrow screen."""

import json
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from mope.methods.names import title
from mope.report.overview import overview_page, run_facts
from mope.report.table_page import MOST_ROWS, numeric, table_page

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="module")
def overview(root: Path) -> str:
    """The page of the reference run."""
    reference = root / "results/reference"
    claims = json.loads((reference / "claims.json").read_text())
    about = run_facts("laptop", date(2026, 3, 1), "0123456789abcdef", True, 2820)
    return overview_page(claims, pd.read_csv(reference / "tables/average_win_rates.csv"), about)


def as_text(name: str, root: Path) -> pd.DataFrame:
    return pd.read_csv(root / f"results/reference/tables/{name}.csv", dtype=str, keep_default_na=False)


def test_the_overview_names_project_run_date_commit_and_duration(overview: str) -> None:
    about = overview.split('<p class="facts">')[1].split("</p>")[0].split(" · ")
    assert about[0].startswith("Orchestrating LLMs with Different Personalizations")
    assert about[1:4] == ["run laptop", "2026-03-01", "commit 0123456789ab, with changes"]
    assert about[4] == "47 min from the first job to this page"
    assert run_facts("x", date(2026, 3, 1), None, False, None)[1:] == ["run x", "2026-03-01", "no commit known"]


def test_the_overview_shows_both_views_and_one_count_of_the_verdicts() -> None:
    def record(id: str, verdict: str, ours: float | None = 0.6, **more) -> dict:  # noqa: ANN003
        low, high = (None, None) if ours is None else (ours - 0.05, ours + 0.05)
        own = {"id": id, "claim": f"Claim {id}", "published": "p", "ours": ours, "ci_low": low, "ci_high": high}
        return own | {"reward_models": None, "verdict": verdict, "note": "", **more}

    view = {"reward_models": {"ours": 0.4, "ci_low": 0.3, "ci_high": 0.45}}
    found = [
        record("whole", "not run", None),
        record("a:own", "judges disagree", **view),
        record("a:koala", "reproduced by the judge alone") | {"published": "not compared"},
        record("b:own", "untestable", None, note="nothing to see"),
        record("b:koala", "reproduced"),
    ]
    html = overview_page(found, pd.DataFrame(columns=["set"]), ["a run"])
    said = "Of 3 tests of what the papers published: 1 reproduced, 1 judges disagree, 1 untestable."
    said += " Of 1 comparisons that they do not make: 1 holds by the judge alone. Not run: 1."
    assert said in html
    for name in ("own", "koala"):
        assert f"<th>{name}, % [95 %]</th><th>{name}: reward models</th>" in html
    assert '<td class="number" data-of="own: reward models">40.0 [30.0, 45.0]</td>' in html
    assert "– untestable</span><br><small>nothing to see</small></td>" in html and 'colspan="4"' in html


def test_pages_ask_for_nothing(overview: str, root: Path) -> None:
    for html in (overview, table_page("win_rates", as_text("win_rates", root))):
        assert not any(word in html for word in ("http:", "https:", "<script", "src=", "@import", "url("))
        assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html


def test_a_table_page_has_the_cells_of_the_csv_file(root: Path) -> None:
    every = as_text("average_win_rates", root)
    table = every[every.judge == every.judge.iloc[0]].reset_index(drop=True)
    html = table_page("average_win_rates", table)
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in html.split("<tr>")[1:]]
    shown = pd.DataFrame(rows[1:], columns=rows[0])
    assert "judge" not in shown and f"judge: {table.judge.iloc[0]}" in html  # one value for all rows stands above them
    same = [column for column in table if column not in ("judge", "method")]
    pd.testing.assert_frame_equal(shown[same], table[same])
    assert list(shown["method"]) == [title(method) for method in table["method"]]


def test_texts_are_escaped_and_long_tables_are_cut() -> None:
    table = pd.DataFrame({"set": ["<b>", "&"] * MOST_ROWS, "judge": "<i>", "value": "1.5"})
    html = table_page("x", table)
    assert "<b>" not in html and "<i>" not in html and "&lt;b&gt;" in html and html.count("<tr>") == MOST_ROWS + 1
    assert f"The first {MOST_ROWS} of the {2 * MOST_ROWS} rows" in html
    assert numeric(pd.DataFrame({"a": ["1", ""], "b": ["1", "x"], "c": ["", ""], "d": ["1e-3", "-2"]})) == {"a", "d"}


def test_a_phone_shows_pages_without_scrolling_sideways(overview: str, root: Path, browser, tmp_path: Path) -> None:  # noqa: ANN001
    pages = {"overview": overview, "table": table_page("overall_win_rates", as_text("overall_win_rates", root))}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    for name, html in pages.items():
        (tmp_path / f"{name}.html").write_text(html)
        browser.open(tmp_path / f"{name}.html")
        width, shown = browser.script("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width == shown == 390, name
    browser.open(tmp_path / "overview.html")
    outside = "[...document.querySelectorAll('td, th, p')].filter(x => x.getBoundingClientRect().right > 390).length"
    assert browser.script(outside) == 0
    assert browser.requests() == [] and browser.errors() == []

"""The report of a finished run in a real browser: what it opens with, every entry, and no word to the network."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
from browser import Browser


@pytest.fixture(scope="module")
def window(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with the report that `make smoke` wrote."""
    browser = Browser(tmp_path_factory.mktemp("downloads"))
    browser.open(smoke / "results/smoke/report.html")
    browser.wait("document.querySelector('#app nav li')")
    yield browser
    browser.driver.quit()


@pytest.fixture
def report(window: Browser) -> Browser:
    """The report at its first screen."""
    window.script("app.setView({navbarMode: 'menu', content: 'rulegraph'})")
    return window


def entries(browser: Browser, category: str) -> list[str]:
    """Names of a category's entries as shown; the category is open afterwards."""
    browser.script("app.setView({navbarMode: 'menu'})")
    browser.click(category)
    browser.wait("document.querySelector('nav tbody tr')")
    return browser.script("[...document.querySelectorAll('nav tbody tr')].map(row => row.cells[0].innerText)")


def test_the_run_is_verified(smoke: Path, make: Callable) -> None:
    assert make(smoke, "verify", "EXPERIMENT=smoke").returncode == 0


def test_every_answer_says_how_it_was_made(smoke: Path) -> None:
    tables = sorted((smoke / "results/smoke/responses").rglob("*.parquet"))
    made = pd.concat([pd.read_parquet(table) for table in tables])
    assert len(tables) == 5 and set(made.dtype) == {"bfloat16" if torch.cuda.is_available() else "float32"}
    assert made.eos.notna().all() and made.eos.nunique() == 1


def test_the_first_screen_says_whether_it_reproduced(report: Browser) -> None:
    shown = report.script(
        """[...document.querySelectorAll('.overview h1, .overview #claims tr')].filter(line => {
             const box = line.getBoundingClientRect(), [x, y] = [box.left + 30, box.top + 10];
             return box.bottom <= window.innerHeight && line.contains(document.elementFromPoint(x, y));
        }).map(line => line.innerText)"""
    )
    assert shown[0] == "Did it reproduce?"
    first = next(line for line in shown if line.startswith("MoPE has the highest average win rate"))
    assert "reproduced" in first or "undecided by the interval" in first  # which of them is for the run to say
    assert len(shown) > 6  # the title, the head, and the first claims without scrolling, with both views of each


def test_categories_and_entries_are_in_order(report: Browser) -> None:
    menu = report.script("[...document.querySelectorAll('#app nav li')].map(entry => entry.innerText.trim())")
    assert menu[-3:] == ["1 Did it reproduce?", "2 Figures", "3 Tables"]
    figures = entries(report, "2 Figures")
    assert figures[0] == "01 win rate matrix" and figures == sorted(figures) and len(figures) >= 8
    assert {"win rates", "average win rates", "agreement", "reward models"} <= set(entries(report, "3 Tables"))


def test_every_entry_opens_with_its_caption_and_without_a_request(report: Browser) -> None:
    seen = 0
    for category in ("1 Did it reproduce?", "2 Figures", "3 Tables"):
        for number, name in enumerate(entries(report, category)):
            report.script(f"document.querySelectorAll('nav tbody tr a[iconname=eye]')[{number}].click()")
            if category == "2 Figures":
                assert report.wait("document.querySelector('.h-screen > .p-3 > img')?.naturalWidth") > 100, name
            elif category == "3 Tables" or name == "1 overview":  # tables, too, are shown as pages
                report.wait("document.querySelector('iframe')")
            caption = report.script(
                """(path => results[path].caption)(categories[arguments[0]].Other.find(
                     path => results[path].labels && Object.values(results[path].labels)[0] === arguments[1]))""",
                category,
                name,
            )
            assert len(caption) > 50 and "system-message" not in caption, name
            seen += 1
    for panel in ("Workflow", "Statistics", "About"):
        report.script("app.setView({navbarMode: 'menu'})")
        report.click(panel)
    as_text = report.script("Object.keys(results).filter(path => path.endsWith('.csv')).length")  # the other form
    assert seen + as_text == report.script("Object.keys(results).length") and as_text > 8
    assert report.errors() == []
    assert report.requests() == []

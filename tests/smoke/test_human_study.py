"""The human study from the page to the tables: a finished run, three simulated raters on the keyboard, their files."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from browser import Browser
from selenium.webdriver.common.keys import Keys

TABLE = "results/smoke/tables/human_study.csv"


def rate(browser: Browser, page: Path, rater: str, better: dict[str, str]) -> None:
    """Answer every pair with the digit that `better` holds for its item."""
    browser.open(page)
    browser.press(Keys.TAB, *rater, Keys.ENTER)
    for number in range(1, len(better) + 1):
        assert browser.text("where") == f"Pair {number} of {len(better)}"
        browser.press(better[browser.script("study.items[order[place]].item")])
    browser.press("s")
    browser.saved(f"*{rater}*.csv")


def test_a_study_with_raters_in_a_browser(run: Path, change: Callable, make: Callable, browser: Browser) -> None:
    outcome = make(run, "human-study", "EXPERIMENT=smoke")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert make(run, "verify", "EXPERIMENT=smoke").returncode == 0
    page, key = run / "results/smoke/human_study.html", pd.read_csv(run / "results/smoke/human_study_key.csv")
    better = {row.item: "1" if row.left == "mope" else "3" for row in key.itertuples()}
    for rater in ("ann", "bob", "eve"):
        rate(browser, page, rater, better)
    assert browser.requests() == [] and browser.errors() == []
    shutil.copytree(browser.downloads, run / "ratings")
    change(human_study={"ratings": "ratings"})
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", "experiment=smoke", "--", TABLE]
    made = subprocess.run(command, cwd=run, capture_output=True, text=True, timeout=100)
    assert made.returncode == 0, made.stderr
    table = pd.read_csv(run / TABLE).set_index("opponent")
    assert set(table.index) == {"all", "soup_factor", "prompting"}
    assert table.loc["all", ["pairs", "raters", "wins", "win_rate", "alpha"]].tolist() == [len(key), 3, len(key), 1, 1]
    judges = pd.read_csv(run / "results/smoke/tables/human_agreement.csv").set_index("judge")
    assert judges.loc["rubric", "pairs"] == len(key)

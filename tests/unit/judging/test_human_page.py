"""The human-study page in a real browser: keyboard, a change of mind, a reload, files saved and read back."""

import pandas as pd
from selenium.webdriver.common.keys import Keys

from mope.analysis.human_results import results
from mope.judging.human_study import draw_study, read_ratings, study_page


def study():
    def table(method):
        rows = [(f"q{i}", f"Question {i}?", "P1A", f"{method} <b>says</b> \"{i}\" & 'so'", 0) for i in range(6)]
        return pd.DataFrame(rows, columns=["prompt_id", "prompt", "combination", "response", "seed"])

    responses = {m: table(m) for m in ("aaa", "bbb")}
    return draw_study(responses, "bbb", ["aaa"], 6, {"P1A": "simple please"}, seed=1)


def test_raters_on_the_keyboard(browser, tmp_path):
    items, key = study()
    path = tmp_path / "study.html"
    path.write_text(study_page(items))
    better = {row.item: "1" if row.left == "bbb" else "3" for row in key.itertuples()}
    by_text = {(i.left, i.right): i.item for i in items}
    orders = []
    for rater in ("Ann, the first", 'Bob "B"', "Eve"):
        browser.open(path)
        assert browser.shown("start") and not browser.shown("task")
        browser.press(Keys.TAB, *rater, Keys.ENTER)
        assert browser.shown("task") and not browser.shown("start")
        seen = []
        for number in range(len(items)):
            assert browser.text("where") == f"Pair {number + 1} of {len(items)}"
            assert browser.text("wishes") == "simple please"
            item = by_text[browser.text("left"), browser.text("right")]  # texts are shown as they are, tags included
            seen.append(item)
            if number == 2:  # change one's mind: back and forth, and a reload in between
                browser.press("b")
                pressed = browser.script("document.querySelector('[aria-pressed=true]').dataset.answer")
                assert pressed in ("left", "right")
                browser.press(better[seen[1]])
                browser.driver.refresh()
                browser.press(Keys.TAB, *rater, Keys.ENTER)
                assert browser.text("where") == "Pair 3 of 6"
            if number == 3:  # with Tab and Space instead of the digits
                browser.script("document.querySelector('[data-answer=tie]').focus()")
                browser.press(Keys.SPACE)
            else:
                browser.press(better[item])
        assert browser.shown("end") and sorted(seen) == sorted(by_text.values())
        orders.append(seen)
        browser.press("s")
        browser.saved(f"*{rater[:3]}*.csv")
    assert browser.requests() == [] and browser.errors() == []
    assert orders[0] != orders[1]
    ratings = read_ratings(sorted(browser.downloads.glob("*.csv")), key)
    assert len(ratings) == 18 and set(ratings["rater"]) == {"Ann, the first", 'Bob "B"', "Eve"}
    assert (ratings["answer"] == "tie").sum() == 3
    whole = results(ratings, key, "bbb").iloc[0]
    assert whole["raters"] == 3 and whole["losses"] == 0 and whole["wins"] >= 3

"""The human-study page in a real browser: simulated raters on the keyboard, files saved and read back.

Needs chromedriver on the PATH, or its path in CHROMEDRIVER (and that of the browser in CHROME).
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request

import pandas as pd
import pytest

from mope.analysis.human_results import results
from mope.judging.human_study import draw, page, read_ratings

DRIVER = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not DRIVER, reason="no chromedriver")
ENTER, TAB, SPACE = "\ue007", "\ue004", " "


class Browser:
    """The few WebDriver commands that the test needs."""

    def __init__(self, port, downloads):
        self.base = f"http://127.0.0.1:{port}"
        chrome = {
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"],
            "prefs": {"download.default_directory": str(downloads), "download.prompt_for_download": False},
        }
        if os.environ.get("CHROME"):
            chrome["binary"] = os.environ["CHROME"]
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": chrome}}})
        self.base += f"/session/{session['sessionId']}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["value"]

    def script(self, code):
        return self.call("POST", "/execute/sync", {"script": f"return {code}", "args": []})

    def press(self, keys):
        actions = [{"type": t, "value": k} for k in keys for t in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def text(self, name):
        return self.script(f"document.getElementById('{name}').innerText")

    def shown(self, name):
        return self.script(f"!document.getElementById('{name}').hidden")


@pytest.fixture
def browser(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        (tmp_path / "downloads").mkdir()
        window = Browser(port, tmp_path / "downloads")
        yield window
        window.call("DELETE", "")
    finally:
        process.terminate()
        process.wait(10)


def study():
    def table(method):
        rows = [(f"q{i}", f"Question {i}?", "P1A", f"{method} <b>says</b> \"{i}\" & 'so'", 0) for i in range(6)]
        return pd.DataFrame(rows, columns=["prompt_id", "prompt", "combination", "response", "seed"])

    responses = {m: table(m) for m in ("aaa", "bbb")}
    return draw(responses, "bbb", ["aaa"], 6, {"P1A": "simple please"}, seed=1)


def test_raters_on_the_keyboard(browser, tmp_path):
    items, key = study()
    path = tmp_path / "study.html"
    path.write_text(page(items, "single-1"))
    better = {row.item: "1" if row.left == "bbb" else "3" for row in key.itertuples()}
    by_text = {(i.left, i.right): i.item for i in items}
    downloads, orders = tmp_path / "downloads", []
    for rater in ("Ann, the first", 'Bob "B"', "Eve"):
        browser.call("POST", "/url", {"url": path.as_uri()})
        assert browser.shown("start") and not browser.shown("task")
        browser.press([TAB, *rater, ENTER])
        assert browser.shown("task") and not browser.shown("start")
        seen = []
        for number in range(len(items)):
            assert browser.text("where") == f"Pair {number + 1} of {len(items)}"
            assert browser.text("wishes") == "simple please"
            item = by_text[browser.text("left"), browser.text("right")]  # texts are shown as they are, tags included
            seen.append(item)
            if number == 2:  # change one's mind: back and forth, and a reload in between
                browser.press(["b"])
                assert browser.script("document.querySelector('[aria-pressed=true]').dataset.answer") in (
                    "left",
                    "right",
                )
                browser.press([better[seen[1]]])
                browser.call("POST", "/refresh", {})
                browser.press([TAB, *rater, ENTER])
                assert browser.text("where") == "Pair 3 of 6"
            if number == 3:  # with Tab and Space instead of the digits
                browser.script("document.querySelector('[data-answer=tie]').focus()")
                browser.press([SPACE])
            else:
                browser.press([better[item]])
        assert browser.shown("end") and sorted(seen) == sorted(by_text.values())
        orders.append(seen)
        assert browser.script("performance.getEntriesByType('resource').length") == 0
        count = len(list(downloads.glob("*.csv")))
        browser.press(["s"])
        for _ in range(100):
            if len(list(downloads.glob("*.csv"))) > count:
                break
            time.sleep(0.1)
    assert orders[0] != orders[1]
    files = sorted(downloads.glob("*.csv"))
    assert len(files) == 3
    ratings = read_ratings(files, key)
    assert len(ratings) == 18 and set(ratings["rater"]) == {"Ann, the first", 'Bob "B"', "Eve"}
    assert (ratings["answer"] == "tie").sum() == 3
    whole = results(ratings, key, "bbb").iloc[0]
    assert whole["raters"] == 3 and whole["losses"] == 0 and whole["wins"] >= 3

"""The server's page in a real browser: keyboard, sliders, two streams, phone width, both themes, no server."""

import itertools
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from loading_server import loading_server
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from served_tiny_run import curl, start
from tiny_run import QUESTION

from mope.serve.api import PAGE_FOLDER
from mope.serve.served_run import ServedRun

READY = "!document.getElementById('ask').hidden"
ENDED = "[...document.querySelectorAll('.side .status')].every(s => / in |failed/.test(s.textContent + s.className))"
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """One window for all tests."""
    from browser import Browser

    window = Browser(tmp_path_factory.mktemp("downloads"))
    yield window
    window.driver.quit()


def find(page, selector: str) -> list:
    return page.driver.find_elements("css selector", selector)


def texts(page) -> list[str]:
    """The two answers."""
    return page.script("[...document.querySelectorAll('.side .text')].map(e => e.textContent)")


def statuses(page) -> list[str]:
    return page.script("[...document.querySelectorAll('.side .status')].map(e => e.textContent)")


def asked(address: str, **fields) -> dict:
    """The choice that the API gives to the page's question."""
    body = {"messages": [{"role": "user", "content": QUESTION}], "alphas": True, "seed": 7, **fields}
    status, text = curl(f"{address}/v1/chat/completions", json.dumps(body).encode())
    assert status == 200, text
    return json.loads(text)["choices"][0]


def choose(setup, model: str) -> None:
    """Take a method by the keyboard."""
    options = setup.find_elements("css selector", "option")
    place = [option.get_property("value") for option in options].index(model)
    setup.find_element("css selector", "select").send_keys(Keys.HOME, *[Keys.ARROW_DOWN] * place)


def opened(page, address: str) -> None:
    page.driver.get(address)
    page.wait(READY, 300)
    page.requests(), page.errors()


def test_with_the_keyboard_alone(page, address: str) -> None:
    opened(page, address)
    assert page.script("document.activeElement.id") == "instruction"
    assert page.script("document.activeElement.value") == QUESTION
    page.press(QUESTION, Keys.ENTER)  # over what was selected
    page.wait(ENDED, 300)
    choices = [asked(address, model=f"mope:{xi}") for xi in ("P1A-P2A-P3A", "P1B-P2B-P3B")]
    assert texts(page) == [choice["message"]["content"] for choice in choices]
    for side, choice in zip(find(page, ".side"), choices):
        spans = side.find_elements("css selector", ".token")
        told = [token for token in choice["mope"] if token["text"]]
        assert [span.get_property("textContent") for span in spans] == [token["text"] for token in told]
        styles = {i: f"e{place}" for place, i in enumerate(["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"])}
        assert all(styles[token["carrier"]] in span.get_attribute("class").split() for span, token in zip(spans, told))
    for _ in range(100):  # on to the first token of A
        page.press(Keys.TAB)
        if page.script("document.activeElement.classList.contains('token')"):
            break
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    token = [token for token in choices[0]["mope"] if token["text"]][1]
    assert page.script("document.activeElement.textContent") == token["text"]
    shown = find(page, ".side .weights")[0].text
    numbers = [float(number) for number in re.findall(r"\d\.\d\d", shown)]
    expected = [value for i in token["alphas"] for value in (token["alphas"][i], token["shares"][i])]
    assert numbers == pytest.approx(expected, abs=0.0051)
    names = {"P1A": "elementary", "P2A": "concise", "P3A": "friendly"}
    assert f"carried by {names[token['carrier']]}" in shown
    page.press(Keys.END)
    assert page.script("document.activeElement === document.querySelector('.side .text').lastElementChild")
    assert {re.match("http://[^/]*", url)[0] for url in page.requests()} == {address} and page.errors() == []


def test_pointing_shows_the_weights_of_a_token_and_leaving_the_means(page, address: str) -> None:
    opened(page, address)
    page.press(Keys.ENTER)
    page.wait(ENDED, 300)
    name = find(page, ".side .token-name")[0]
    assert name.text.startswith("Mean of ")
    token = next(token for token in find(page, ".side .token") if re.fullmatch(r"\s?\w+", token.text))
    ActionChains(page.driver).move_to_element(token).perform()
    assert name.text.startswith(f"Token {int(token.get_dom_attribute('data-number')) + 1}: ")
    ActionChains(page.driver).move_to_element(find(page, "h1")[0]).perform()
    assert name.text.startswith("Mean of ")


def test_sliders_poles_and_methods(page, address: str) -> None:
    opened(page, address)
    first, second = find(page, ".setup")
    expert = first.find_element("css selector", "input[value=P1B]")
    first.find_element("css selector", "input[value=P1A]").send_keys(Keys.ARROW_RIGHT)
    assert expert.is_selected()
    sliders = first.find_elements("css selector", "[type=range]")
    sliders[0].send_keys(Keys.END)
    sliders[2].send_keys(Keys.HOME)
    told = [output.text for output in first.find_elements("css selector", "output")]
    assert told == ["67 %", "33 %", "0 %"]
    assert "equal weights" in first.find_element("css selector", ".note").text
    choose(second, "uniform")
    second.find_element("css selector", "[type=checkbox]").send_keys(Keys.SPACE)
    assert second.find_element("css selector", "input[value=P1B]").is_selected()
    assert not second.find_element("css selector", "input[value=P1B]").is_enabled()
    find(page, "#go")[0].click()
    page.wait(ENDED, 300)
    weights = {"expert": 100, "concise": 50, "friendly": 0}
    choices = [asked(address, model=model, preferences=weights) for model in ("mope", "uniform")]
    assert texts(page) == [choice["message"]["content"] for choice in choices]
    heads = [head.text for head in find(page, ".side h2")]
    assert heads[0] == "A: MoPE, expert 67 %, concise 33 %, friendly 0 %"
    for model, sliders_shown, poles_shown in (("soup_exact", False, True), ("base", False, False), ("mod", True, True)):
        choose(first, model)
        assert [slider.is_displayed() for slider in sliders] == [sliders_shown] * 3, model
        assert first.find_element("css selector", ".poles").is_displayed() == poles_shown
        assert second.find_element("css selector", "[type=checkbox]").is_displayed() == poles_shown
    find(page, "#go")[0].click()
    page.wait(ENDED, 300)
    assert "No expert carries" in find(page, ".side .note")[0].text


def test_an_error_is_said_and_escape_stops(page, address: str) -> None:
    opened(page, address)
    for slider in find(page, ".setup:first-child [type=range]"):
        slider.send_keys(Keys.HOME)
    page.script("document.getElementById('max_tokens').value = 300")
    page.script("document.getElementById('instruction').focus()")
    page.press(Keys.ENTER)
    page.wait("document.querySelectorAll('.side:last-child .token').length > 3", 300)
    page.press(Keys.ESCAPE)
    page.wait("/stopped/.test(document.querySelector('.side:last-child .status').textContent)")
    assert "all weights are 0" in statuses(page)[0]
    for _ in range(100):
        metrics = curl(f"{address}/metrics")[1]
        if "mope_requests_running 0\n" in metrics:
            return
    pytest.fail(metrics)


def test_a_phone(page, address: str) -> None:
    metrics = {"width": 375, "height": 700, "deviceScaleFactor": 2, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    opened(page, address)
    find(page, "#go")[0].click()
    page.wait(ENDED, 300)
    assert page.script("document.documentElement.scrollWidth") == 375
    lefts = page.script("[...document.querySelectorAll('.side')].map(e => e.getBoundingClientRect().left)")
    assert lefts[0] == lefts[1]
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def contrast(first: list[float], second: list[float]) -> float:
    """The contrast of WCAG 2 between two sRGB colours of 0 to 255."""

    def luminance(colour: list[float]) -> float:
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour[:3])]
        return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear))

    high, low = sorted([luminance(first), luminance(second)], reverse=True)
    return (high + 0.05) / (low + 0.05)


COLOUR = """((name) => {
  const e = document.body.appendChild(document.createElement('i'));
  e.style.color = name;
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  canvas.fillStyle = getComputedStyle(e).color;
  e.remove();
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
})(arguments[0])"""


@pytest.mark.parametrize("theme", THEMES)
def test_contrast_in_both_themes(page, address: str, theme: str) -> None:
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
    opened(page, address)
    colour = {name: page.script(COLOUR, f"var(--{name})") for name in ("page", "card", "text", "faint", "bad", "mark")}
    assert (sum(colour["page"][:3]) < 200) == (theme == "dark")
    for place in ("page", "card"):
        assert all(contrast(colour[name], colour[place]) >= 4.5 for name in ("text", "faint", "bad", "mark"))
        for number in range(10):
            line = page.script(COLOUR, f"var(--c{number})")
            assert contrast(line, colour[place]) >= 3, number
            tint = page.script(COLOUR, f"color-mix(in srgb, var(--c{number}) 30%, var(--{place}))")
            assert contrast(colour["text"], tint) >= 4.5, number


def test_each_expert_has_a_pattern_of_its_own(page, address: str) -> None:
    opened(page, address)
    code = """[...Array(10).keys()].map(n => {
      const e = document.body.appendChild(document.createElement('span'));
      e.className = `token lined e${n}`;
      const { textDecorationStyle, textDecorationLine, textDecorationColor } = getComputedStyle(e);
      e.remove();
      return [textDecorationStyle + textDecorationLine, textDecorationColor];
    })"""
    for kinds in zip(*page.script(code)):
        assert len(set(kinds)) == 10


def test_without_a_server_the_page_says_so(page, served: Path) -> None:
    page.driver.get((PAGE_FOLDER / "index.html").as_uri())
    page.wait("getComputedStyle(document.getElementById('notice')).visibility === 'visible'")
    assert page.script("getComputedStyle(document.querySelector('main')).maxWidth") != "none"  # the style is there
    assert "server cannot be reached" in page.text("notice") and "make serve" in page.text("notice")
    server, address = start(served)
    try:
        opened(page, address)
        page.script("document.getElementById('max_tokens').value = 380")
        page.press(Keys.ENTER)
        page.wait("document.querySelectorAll('.side .token').length > 3", 300)
    finally:
        server.kill()
        server.communicate(timeout=300)
    page.wait("document.querySelectorAll('.side .failed').length === 2")
    assert statuses(page) == ["The connection broke: this answer is not whole."] * 2
    find(page, "#go")[0].click()
    page.wait("/cannot be reached/.test(document.querySelector('.side .status').textContent)")


def test_the_page_waits_for_the_models(page, served: Path) -> None:
    loaded = threading.Event()

    def load() -> ServedRun:
        assert loaded.wait(120)
        return ServedRun(served)

    with loading_server(load) as address:
        page.driver.get(address)
        page.wait("/being loaded/.test(document.getElementById('notice').textContent)")
        assert not page.script(READY)
        loaded.set()
        page.wait(READY, 300)
        assert not page.shown("notice")


def test_the_page_of_a_server_that_dies_while_it_loads_says_so(page, served: Path) -> None:
    with loading_server(threading.Event().wait) as address:
        page.driver.get(address)
        page.wait("/being loaded/.test(document.getElementById('notice').textContent)")
    page.wait("/cannot be reached/.test(document.getElementById('notice').textContent)", 300)
    assert page.script("document.querySelector('#notice code').textContent") == "make serve"


def test_a_field_that_stops_the_question_is_shown(page, address: str) -> None:
    opened(page, address)
    page.script("document.getElementById('max_tokens').value = 0")
    page.press(Keys.ENTER)
    page.wait("document.querySelector('details').open && document.activeElement.id === 'max_tokens'")


def test_the_files_of_the_page_are_served_as_what_they_are(address: str) -> None:
    """By a server that works in another folder than the project's."""
    types = {".css": "text/css", ".js": "text/javascript"}
    for file in (PAGE_FOLDER / "static").iterdir():
        with urlopen(f"{address}/static/{file.name}") as reply:
            assert reply.read() == file.read_bytes()
            assert reply.headers.get_content_type() == types[file.suffix]
    with urlopen(address) as reply:
        assert reply.read() == (PAGE_FOLDER / "index.html").read_bytes()
    assert curl(f"{address}/static/%2e%2e/index.html")[0] == 404 == curl(f"{address}/static/..%2f..%2fapi.py")[0]


def test_the_page_asks_for_nothing_outside() -> None:
    sources = {path.name: path.read_text() for path in PAGE_FOLDER.rglob("*.*")}
    assert {"index.html", "page.css", "main.js"} <= sources.keys()
    found = itertools.chain(*(re.findall(r"https?://[^\s<\"]+", text) for text in sources.values()))
    assert set(found) == {"http://127.0.0.1:8000"}  # in a sentence

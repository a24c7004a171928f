"""No text of a server is shown before the key is taken out of it."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.runtime.secret import HIDDEN, scrub, shown

KEY = "sk-secret/0123456789+'\"<\\x"


@pytest.mark.parametrize(
    "echo",
    [KEY, KEY.upper(), json.dumps(KEY), repr(KEY), quote(KEY, safe=""), html.escape(KEY), f"{KEY[:9]}\n  {KEY[9:]}"],
    ids=["plain", "upper", "json", "python", "url", "html", "wrapped"],
)
def test_every_form_of_the_key_is_taken_out(echo):
    found = scrub(f"before {echo} after", KEY)
    assert KEY[:9].lower() not in found.lower() and HIDDEN in found
    assert found.startswith("before ") and found.endswith(" after")


@given(st.integers(0, 400), st.integers(10, 300), st.sampled_from(["", "\n", "\x00", "\u200b"]))
def test_the_key_is_taken_out_before_the_text_is_cut(place, limit, between):
    """The fault: of a key across the cut, the beginning stayed."""
    key = "k3y-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789"
    text = "x" * place + key[:20] + between + key[20:] + "y" * 300
    line = shown(text, key, limit)
    assert len(line) <= limit and "k3y-" not in line and "ABCD" not in line


@given(st.text(max_size=500))
def test_what_is_shown_is_one_printable_line(text):
    line = shown(text, "another-key")
    assert line.isprintable() and len(line) <= 200


def test_other_keys_are_known_by_their_looks():
    assert shown("bad header Bearer abc.def, key sk-ABCDEFGHIJKLMNOP", None) == f"bad header {HIDDEN}, key {HIDDEN}"


def test_no_key_and_very_short_ones_change_nothing():
    assert scrub("a none b", "none") == "a none b" and scrub("a", "") == "a" and scrub("a", None) == "a"

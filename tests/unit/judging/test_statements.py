"""What a sentence of the embedded world is taken to state, and what it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.judging.statements import GRAMMAR, Statement, known, normalised, read_statements, slips
from mope.judging.text import sentences, words
from mope.world.worlds import load, names

WORLD = load("everyday")
WORLDS = [load(name) for name in names()]
TOPIC = WORLD.topics[0]
FIRST, SECOND = (fact["elementary"] for fact in TOPIC.facts[:2])
STATES = Statement(TOPIC.id, 0, "elementary")


@pytest.mark.parametrize("world", WORLDS, ids=names())
def test_every_sentence_of_a_world_states_itself(world):
    for text, statement in known(world).items():
        assert read_statements(world, text) == statement and sentences(text) == [text]


def test_what_may_differ():
    assert FIRST == "A car engine burns fuel to make the wheels turn."
    for same in (
        "Also, a car engine burns fuel to make the wheels turn.",
        "And a car engine burns fuel to make the wheels turn.",
        "a car  engine burns fuel, to make the wheels turn",
        "The car engine burns fuel to make the wheels turn.",  # one article
        "Car engine burns fuel to make the wheels turn.",
    ):
        assert read_statements(WORLD, same) == STATES, same


def test_what_must_not_differ():
    for other in (
        "A car engine burns water to make the wheels turn.",  # another content word
        "A car engine burns fuel to make the wheels.",  # cut
        "A car engine burns fuel to make",
        "A car engine never burns fuel to make the wheels turn.",  # negated
        "A car engine burns fuel fuel to make the wheels turn.",
        "A car engine fuel burns to make the wheels turn.",  # order
        "A car engine burns fuel to make the big wheels turn.",
        "Car engine burns fuel to make wheels turn that is.",  # too many slips
        f"{FIRST[:-1]} and {SECOND}",  # two facts in one
        "",
        "...",
    ):
        assert read_statements(WORLD, other) is None, other


def test_no_halves_of_two_facts_are_a_fact():
    """Every fact's first half before every second half of another one of its topic, in either register."""
    for topic in WORLD.topics[:40]:
        facts = [text.rstrip(".").split() for fact in topic.facts for text in fact.values()]
        for first in facts:
            for second in facts:
                if first is not second:
                    assert (
                        read_statements(WORLD, " ".join(first[: len(first) // 2] + second[len(second) // 2 :]) + ".")
                        is None
                    )


@pytest.mark.parametrize("statement", [s for s in known(WORLD) if len(words(s)) > 3][::10])
def test_a_missing_content_word_is_noticed(statement):
    tokens = words(statement)
    for place, word in enumerate(tokens):
        if word not in GRAMMAR and place:
            assert read_statements(WORLD, " ".join(tokens[:place] + tokens[place + 1 :])) is None


def test_slips_by_hand():
    assert slips(("a", "b", "c"), ("a", "b", "c")) == 0
    assert slips(("a", "b", "c"), ("b", "c")) == 1
    assert slips(("a", "b"), ("x", "a", "b", "y")) == 2
    assert slips(("a", "b", "c"), ("a", "x", "c")) == 1


@given(st.text(max_size=80))
def test_any_text_can_be_read(text):
    statement = read_statements(WORLD, text)
    assert statement is None or normalised(text)

"""The truth judge on a fourth dimension: formal and informal sentences are the world's own, whole ones."""

import pytest

from mope.analysis.correctness import MEASURES, counts
from mope.judging.kinds.truth import UNSOUND, reading, truth_score
from mope.judging.statements import Statement, read_statements
from mope.world.worlds import load

WORLD = load("replication_formal")
PROMPT = "What exactly are spider webs?"
FACT = "A spider web is a net of thin silk that traps insects."
MADAM, REGARDS = "Permit me, Madam.", "Kindly accept my regards."
YO, RUN = "Yo, I gotcha.", "Gotta run, folks."
HELLO, BYE = "Hi pal, I am happy that you came by!", "I hope that was fun to read!"


def text(*parts: str) -> str:
    return " ".join(parts)


@pytest.mark.parametrize(
    ("answer", "formal"),
    [
        (text(MADAM, FACT, REGARDS), 1),
        (text(MADAM, FACT), 0.75),  # there is room for two
        (FACT, 0.5),
        (text(MADAM, FACT, RUN), 0.5),
        (text(FACT, RUN), 0.25),
        (text(YO, FACT, RUN), 0),
        (text(MADAM, HELLO, FACT, BYE, REGARDS), 1),  # whatever the tone
        (text(HELLO, FACT, BYE), 0.5),
    ],
)
def test_scores_by_hand(answer: str, formal: float) -> None:
    assert truth_score(WORLD, PROMPT, answer, "P4A") == formal
    assert truth_score(WORLD, PROMPT, answer, "P4B") == 1 - formal


@pytest.mark.parametrize("frame", [(MADAM, REGARDS), (YO, RUN)])
@pytest.mark.parametrize("inner", [(FACT,), (HELLO, FACT, BYE)])
def test_formality_is_no_fault_and_counts_for_no_register_and_no_tone(frame: tuple, inner: tuple) -> None:
    framed, plain = text(frame[0], *inner, frame[1]), text(*inner)
    assert reading(WORLD, PROMPT, framed).faulty == 0
    for preference in ("P1A", "P1B", "P2B", "P3A", "P3B", "P3C", "P3D"):
        assert truth_score(WORLD, PROMPT, framed, preference) == truth_score(WORLD, PROMPT, plain, preference)
    longer = truth_score(WORLD, PROMPT, plain, "P2A") - truth_score(WORLD, PROMPT, framed, "P2A")
    assert longer == pytest.approx(sum(len(part.split()) for part in frame) / 40 / 3)


@pytest.mark.parametrize(
    ("answer", "faulty"),
    [
        (text("Permit me, folks.", FACT), 1 / 2),  # halves of two sentences
        (text(MADAM, FACT, "Kindly accept my"), 1 / 3),  # cut
        (text(MADAM, MADAM, FACT), 1 / 3),  # said twice
        (text(MADAM, REGARDS), 1),  # no fact
    ],
)
def test_a_fault_in_the_manner_is_a_fault(answer: str, faulty: float) -> None:
    assert reading(WORLD, PROMPT, answer).faulty == pytest.approx(faulty)
    for preference in ("P1A", "P2A", "P3A", "P4A", "P4B"):
        assert -1 - UNSOUND <= truth_score(WORLD, PROMPT, answer, preference) < -0.25


def test_what_a_sentence_states() -> None:
    assert read_statements(WORLD, MADAM) == Statement(formality="formal", place="openers")
    assert read_statements(WORLD, "gotta run folks") == Statement(formality="informal", place="closers")
    assert read_statements(load("replication"), MADAM) is None


def test_an_answer_is_in_tone_within_its_manner() -> None:
    found = dict(zip(MEASURES, counts(WORLD, PROMPT, "P1A-P2A-P3A-P4A", text(MADAM, HELLO, FACT, BYE, REGARDS))))
    assert found["sound"] == found["in_tone"] == (True, 1) and found["invented"] == (0, 5)
    assert dict(zip(MEASURES, counts(WORLD, PROMPT, "P1A-P2A-P3A-P4A", text(MADAM, FACT))))["in_tone"] == (False, 1)

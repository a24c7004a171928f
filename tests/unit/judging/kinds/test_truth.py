"""The truth judge's order is the one that a person sees, and nothing unsound wins."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mope.errors import MopeError
from mope.judging.judge_kinds import kinds_of
from mope.judging.kinds.truth import UNSOUND, answer_quality, reading, truth_score
from mope.judging.text_judge import TextJudge, scorer_of
from mope.judging.verdicts import Comparison
from mope.texts.embedding_package import EMBEDDING_PACKAGE
from mope.training.candidates import spoil
from mope.world.answers import Style, compose
from mope.world.questions import ask, split_questions
from mope.world.worlds import load

PREFERENCES = ("P1A", "P1B", "P2A", "P2B", "P3A", "P3B", "P3C", "P3D")
DEAD_BAND = 0.1  # of config.yaml
WORLD = load("everyday")
ENGINES, BATTERIES = WORLD.topics[:2]
PROMPT, BOTH = "What are car engines?", "Compare car engines and batteries."
E = [fact["elementary"] for fact in ENGINES.facts]
X = [fact["expert"] for fact in ENGINES.facts]
B = [fact["elementary"] for fact in BATTERIES.facts]
HELLO, BYE = "Great question, my dear friend!", "Have a great day, dear friend!"
UGH, AWAY = "Listen up, you fool.", "Now leave me alone."


def verdict(first, second, preference, prompt=PROMPT):
    [opinion] = TextJudge(WORLD, "truth", DEAD_BAND).judge([Comparison(prompt, preference, first, second)])
    [mirrored] = TextJudge(WORLD, "truth", DEAD_BAND).judge([Comparison(prompt, preference, second, first)])
    assert {"first": "second", "second": "first", "tie": "tie"}[opinion.verdict] == mirrored.verdict
    return opinion.verdict


def text(*parts):
    return " ".join(parts)


@pytest.mark.parametrize(
    "preference, better, worse",
    [
        ("P1A", text(E[0], E[1]), text(X[0], X[1])),
        ("P1A", text(E[0], E[1]), text(E[0], X[1])),
        ("P1B", text(X[0], X[1]), text(E[0], E[1])),
        ("P1B", text(X[0]), text(X[0], E[1])),
        ("P2A", text(E[0]), text(E[0], E[1])),
        ("P2A", text(HELLO, E[0], BYE), text(HELLO, *E[:3], BYE)),
        ("P2A", text(X[0]), text(HELLO, X[0], BYE, "Enjoy it, you clever friend!")),
        ("P2B", text(*E), text(*E[:3])),
        ("P2B", text(*E[:3]), text(E[0], X[0])),  # one fact in two registers is one
        ("P3A", text(HELLO, E[0], BYE), text(E[0])),
        ("P3A", text(E[0]), text(UGH, E[0], AWAY)),
        ("P3A", text(HELLO, E[0], BYE), text(HELLO, E[0])),
        ("P3A", text(HELLO, E[0], BYE), text(HELLO, E[0], AWAY)),
        ("P3B", text(UGH, E[0], AWAY), text(E[0])),
        ("P3B", text(E[0]), text(HELLO, E[0], BYE)),
        ("P3C", text("You are welcome, honey.", E[0]), text(E[0])),
        ("P3D", text("Oh joy, another riveting mystery for the ages.", E[0]), text(E[0])),
    ],
)
def test_the_obvious_order(preference, better, worse):
    assert verdict(better, worse, preference) == "first"


@pytest.mark.parametrize(
    "preference, one, other",
    [
        ("P1A", text(E[0]), text(HELLO, E[1], E[2])),  # register is not length, nor tone
        ("P1B", text(X[0]), text(X[2])),  # nor letters
        ("P2A", text(E[0]), text(X[0])),
        ("P2B", text(*E), text(UGH, *X, AWAY)),
        (
            "P3A",
            text(HELLO, E[0], BYE),
            text("Hey friend, what a lovely question!", *X, "Big hugs and happy learning!"),
        ),
    ],
)
def test_what_the_preference_does_not_ask_for_is_a_tie(preference, one, other):
    assert verdict(one, other, preference) == "tie"


FAULTY = {
    "other topic": text(HELLO, E[0], B[0], BYE),
    "cut": text(HELLO, E[0], E[1][:-12]),
    "said twice": text(HELLO, E[0], E[0], BYE),
    "two registers in one sentence": text("A car engine convert chemical fuel energy into the wheels turn.", E[1]),
    "two facts in one sentence": text(E[0], "Hot gas in the engine pushes the wheels turn."),
    "invented": text(E[0], "A car engine runs on moonlight."),
    "garbled manner": text("Great question, leave me alone!", E[0]),
    "no fact": text(HELLO, BYE),
    "rude words alone": text(UGH, AWAY),
    "only another topic": text(*B),
    "empty": "",
    "noise": "of the of the of the.",
}


@pytest.mark.parametrize("fault", FAULTY)
def test_garble_loses_on_every_preference(fault):
    sound = [text(*o, *f, *c) for o, c in (((), ()), ([HELLO], [BYE]), ([UGH], [AWAY])) for f in (E, X, E[:1], X[:1])]
    for preference, answer in itertools.product(PREFERENCES, sound):
        assert verdict(answer, FAULTY[fault], preference) == "first"


def test_a_topic_left_out_of_a_comparison_loses():
    whole, half = text(E[0], B[0]), text(E[0], E[1])
    assert all(verdict(whole, half, p, BOTH) == "first" for p in PREFERENCES)
    assert reading(WORLD, BOTH, half).missing == 1 and reading(WORLD, BOTH, half).faulty == pytest.approx(1 / 3)


def test_more_faults_are_worse():
    junk = "A car engine runs on moonlight.", "It was made by sailors."
    assert all(verdict(text(*E, junk[0]), text(*E, *junk), p) == "first" for p in PREFERENCES)


def test_scores_by_hand():
    assert truth_score(WORLD, PROMPT, text(E[0], E[1], E[2], X[3]), "P1A") == 0.75
    assert truth_score(WORLD, PROMPT, text(E[0], E[1]), "P2A") == pytest.approx(1 - 1 / 3)  # one of three too many
    assert truth_score(WORLD, PROMPT, text(HELLO, E[0]), "P2A") == pytest.approx(1 - 5 / 40 / 3)  # five words
    assert truth_score(WORLD, BOTH, text(E[0], B[0], B[1]), "P2B") == 3 / 8
    assert truth_score(WORLD, PROMPT, text(HELLO, E[0]), "P3A") == 0.75
    bad = text(E[0], E[0], E[1])
    assert truth_score(WORLD, PROMPT, bad, "P2B") == pytest.approx(2 / 3 * 2 / 4 - 1 / 3 - UNSOUND)


def test_answers_of_the_world_are_sound_and_spoilt_ones_are_not():
    rng = random.Random(3)
    asked = [*split_questions(WORLD, 7)["single"][:60], *split_questions(WORLD, 7)["comparison"][:60]]
    for question in asked:
        answer = compose(WORLD, question, Style(), rng, ("friendly", "unfriendly", "sassy", "sarcastic"))
        found = reading(WORLD, question.text, answer)
        assert found.faulty == 0 and found.invented == found.repeated == found.missing == 0
        for kind in ("repeated", "shuffled"):
            assert reading(WORLD, question.text, spoil(answer, "", kind, rng)).faulty > 0
        for end in range(1, len(answer.split()) - 1):
            cut = " ".join(answer.split()[:end])
            assert cut.endswith((".", "!", "?")) or reading(WORLD, question.text, cut).faulty > 0


@settings(max_examples=200)
@given(st.text(max_size=200), st.sampled_from(PREFERENCES))
def test_any_text_has_a_score_and_loses_against_a_sound_one(answer, preference):
    found = reading(WORLD, PROMPT, answer)
    assert 0 <= answer_quality(found, preference) <= 1
    assert -1 - UNSOUND <= truth_score(WORLD, PROMPT, answer, preference) < -0.25
    assert truth_score(WORLD, PROMPT, E[0], preference) >= 0


def test_needs_a_question_of_the_world_and_a_known_preference():
    with pytest.raises(MopeError, match="Who wrote Hamlet"):
        truth_score(WORLD, "Who wrote Hamlet?", "Shakespeare wrote it.", "P1A")
    with pytest.raises(MopeError, match="P9Z"):
        truth_score(WORLD, PROMPT, E[0], "P9Z")


@pytest.mark.parametrize("kind", kinds_of("judge_text"))
def test_every_question_can_be_judged_by_every_kind(kind):
    if kind == "open_text":
        pytest.importorskip(EMBEDDING_PACKAGE, reason="the sentence-embedding model is an optional package")
    question = ask("Contrast {phrase} with {other}.", ENGINES, BATTERIES)
    answer = compose(WORLD, question, Style(), random.Random(1))
    [points] = scorer_of(WORLD, kind)([(question.text, answer, "P1A")])
    assert 0 <= points <= 1

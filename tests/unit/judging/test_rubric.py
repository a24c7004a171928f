"""The rubric prefers what each preference asks for, and never prefers degenerate text."""

import random
import socket
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mope.errors import MopeError
from mope.judging.knowledge import asked_topics
from mope.judging.rubric import DEAD_BAND, features, score
from mope.judging.text_judge import TextJudge
from mope.judging.verdicts import Comparison
from mope.prompting import MARK, prompt_text
from mope.world.answers import STYLES, Style, compose
from mope.world.questions import split_questions
from mope.world.worlds import load, names

PREFERENCES = ("P1A", "P1B", "P2A", "P2B", "P3A", "P3B", "P3C", "P3D")
OPPOSITE = {"P1A": "P1B", "P1B": "P1A", "P2A": "P2B", "P2B": "P2A", "P3A": "P3B", "P3B": "P3A"}
WORLDS = {name: load(name) for name in names()}
QUESTIONS = {
    w: [*split_questions(w, 7)["single"][:80], *split_questions(w, 7)["comparison"][:40]] for w in WORLDS.values()
}
ONE_IN_EIGHT = [(world, question) for world, questions in QUESTIONS.items() for question in questions[::8]]

OUTSIDE = {
    "How do I keep basil alive on a windowsill?": [
        "Put the basil where it gets six hours of sun, and water it when the top of the soil feels dry.",
        "Basil on a windowsill needs light, warmth and drainage. Pinch the tips every week so that the plant stays "
        "bushy. Do not let the pot stand in water, because the roots rot quickly.",
        "Hey there, fellow plant parent! Give your basil a sunny seat and a sip of water whenever its soil is dry. "
        "Have fun, and enjoy the pesto!",
        "Are you seriously unable to keep basil alive? Water it. Give it sun. Even a child could manage that.",
    ],
    "Write an email that asks my landlord to repair the heating.": [
        "Dear landlord, the heating in my flat has been broken since Monday. Could you please send somebody to repair "
        "it this week? Kind regards, Sam.",
        "Hello! The heating stopped working, the flat is at twelve degrees. Please arrange a repair soon. Thank you!",
    ],
}


@pytest.fixture(params=WORLDS)
def world(request):
    return WORLDS[request.param]


def verdict(world, prompt, a, b, preference, dead_band=DEAD_BAND):
    """Which answer the judge takes for the better one: "a", "b" or "tie"."""
    [opinion] = TextJudge(world, "rubric", dead_band).judge([Comparison(prompt, preference, a, b)])
    return {"first": "a", "second": "b"}.get(opinion.verdict, opinion.verdict)


def answer(world, question, preference, seed):
    """An answer of an embedded world that follows one preference and is free otherwise."""
    return compose(world, question, Style(**dict([STYLES[preference]])), random.Random(seed))


def shuffled(text, rng):
    """The words of a text in another order, few of the old neighbours left."""
    old = text.rstrip(".!?").split()
    for _ in range(50):
        new = rng.sample(old, len(old))
        if len(set(pairwise(old)) & set(pairwise(new))) <= 0.15 * len(old):
            break
    return " ".join(new) + "."


@pytest.mark.parametrize("preference", OPPOSITE)
def test_prefers_the_answer_that_follows_the_preference(world, preference):
    verdicts = [
        verdict(
            world, q.text, answer(world, q, preference, i), answer(world, q, OPPOSITE[preference], -i - 1), preference
        )
        for i, q in enumerate(QUESTIONS[world])
    ]
    assert verdicts.count("a") >= 0.9 * len(verdicts)
    assert verdicts.count("b") <= 0.02 * len(verdicts)


@pytest.mark.parametrize(("world", "question"), ONE_IN_EIGHT, ids=lambda v: getattr(v, "text", None) or v.name)
def test_degenerate_answers_lose_on_every_preference(world, question):
    rng = random.Random(question.text)
    sane = [compose(world, question, Style(register, amount, tone), rng)
            for register in ("elementary", "expert") for amount in ("concise", "informative")
            for tone in (None, "friendly", "unfriendly")]  # fmt: skip
    others = [q for q in QUESTIONS[world] if not {t.id for t in q.topics} & {t.id for t in question.topics}]
    bad = ["", " ", ".", "Yes.", "the " * 30 + ".", "!" * 60, "Hey, you are wonderful! Thanks for asking, buddy!",
           "Go away. That was a terrible waste of my time.", "word " * 60 + "."]  # fmt: skip
    for text in sane:
        head = text.split(". ")[0].rstrip(".!?") + "."
        bad += [text[: len(text) // 2].rstrip(" .!?"), text[:-3], " ".join([text] * 3), " ".join([head] * 5),
                shuffled(text, rng), compose(world, rng.choice(others), Style(), rng)]  # fmt: skip
    for preference in PREFERENCES:
        worst_sane = min((score(world, question.text, text, preference), text) for text in sane)
        best_bad = max((score(world, question.text, text, preference), text) for text in bad)
        assert best_bad[0] < worst_sane[0] - 0.05, (preference, best_bad, worst_sane)


@pytest.mark.parametrize("prompt", OUTSIDE)
@pytest.mark.parametrize("preference", PREFERENCES)
def test_prompts_outside_the_world(world, prompt, preference):
    sane = OUTSIDE[prompt]
    bad = ["", "Bananas are yellow.", sane[0][:-4], " ".join([sane[1]] * 4), "aaaa bbbb cccc.", "$$ ## !! @@ %% ^^",
           "of the is and of a the into was the from by of the.", "blorp " * 20 + "."]  # fmt: skip
    assert (
        max(score(world, prompt, b, preference) for b in bad)
        < min(score(world, prompt, s, preference) for s in sane) - 0.05
    )


def test_manners_outside_the_world(world):
    prompt = next(iter(OUTSIDE))
    plain, _, friendly, rude = OUTSIDE[prompt]
    assert verdict(world, prompt, friendly, plain, "P3A") == verdict(world, prompt, plain, rude, "P3A") == "a"
    assert verdict(world, prompt, rude, plain, "P3B") == "a"
    assert (
        verdict(world, prompt, plain, OUTSIDE[prompt][1], "P2A")
        == verdict(world, prompt, OUTSIDE[prompt][1], plain, "P2B")
        == "a"
    )
    sassy = "Honey, please. Basil wants sun, obviously. Keep up, sweetie!"
    sarcastic = "Oh wow, a plant that needs sun, who knew? Clearly basil is genius work. Congratulations, Einstein."
    assert verdict(world, prompt, sassy, plain, "P3C") == verdict(world, prompt, sarcastic, plain, "P3D") == "a"


def test_repeating_a_fact_gains_nothing(world):
    question = QUESTIONS[world][0]
    facts = [fact["elementary"] for fact in question.topics[0].facts]
    assert verdict(world, question.text, " ".join(facts[:3]), " ".join(facts[:2]), "P2B") == "a"
    assert verdict(world, question.text, " ".join(facts[:2]), " ".join([facts[0], facts[1], facts[0]]), "P2B") == "a"


words = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9)
texts = st.one_of(
    st.text(max_size=200),
    st.lists(words, max_size=60).map(" ".join),
    st.lists(words, max_size=60).map(lambda w: " ".join(w) + "."),
    st.tuples(st.text(min_size=1, max_size=12), st.integers(3, 40)).map(lambda p: p[0] * p[1]),
)


@settings(max_examples=300)
@given(text=texts, which=st.integers(0, 119), name=st.sampled_from(list(WORLDS)))
def test_random_text_always_loses(text, which, name):
    world = WORLDS[name]
    question = QUESTIONS[world][which]
    sane = compose(world, question, Style(), random.Random(which))
    for preference in PREFERENCES:
        assert verdict(world, question.text, sane, text, preference) == "a"


def asked(text: str) -> str:
    """A question as tables hold it: one that begins like a conversation is written as one."""
    return prompt_text([{"role": "user", "content": text}])


@settings(max_examples=100)
@example(a="", b="", prompt=asked(MARK), preference="P1A")
@given(a=texts, b=texts, prompt=st.text(max_size=80).map(asked), preference=st.sampled_from(PREFERENCES))
def test_any_text_has_a_score_and_the_verdict_is_antisymmetric(a, b, prompt, preference):
    world = WORLDS["everyday"]
    assert -3 <= score(world, prompt, a, preference) <= 1
    mirrored = {"a": "b", "b": "a", "tie": "tie"}
    assert verdict(world, prompt, a, b, preference) == mirrored[verdict(world, prompt, b, a, preference)]
    assert verdict(world, prompt, a, a, preference) == "tie"


def test_dead_band_decides_between_tie_and_verdict(world):
    question = QUESTIONS[world][0]
    short, long = answer(world, question, "P2A", 1), answer(world, question, "P2B", 1)
    gap = score(world, question.text, short, "P2A") - score(world, question.text, long, "P2A")
    assert verdict(world, question.text, short, long, "P2A", dead_band=gap * 0.99) == "a"
    assert verdict(world, question.text, short, long, "P2A", dead_band=gap * 1.01) == "tie"


def test_unknown_preference(world):
    with pytest.raises(MopeError, match="P9Z"):
        score(world, "What is rain?", "Rain is water.", "P9Z")


def test_needs_no_network(world, monkeypatch):
    def refuse(*_):
        raise AssertionError("network")

    monkeypatch.setattr(socket, "socket", refuse)
    features.cache_clear()
    assert features(world, QUESTIONS[world][0].text, answer(world, QUESTIONS[world][0], "P1B", 3)).grade > 8


def test_every_question_of_the_world_is_understood(world):
    for questions in split_questions(world, 7).values():
        for question in questions:
            assert {t.id for t in asked_topics(world, question.text)} == {t.id for t in question.topics}, question.text
    assert (
        asked_topics(world, "Write a poem about rain.")
        == asked_topics(world, "How do I keep basil alive on a windowsill?")
        == ()
    )


def test_an_expert_that_takes_over_inside_a_sentence_costs(world):
    """Two registers mixed within a phrase, as untrained mixing does, lose against a whole sentence."""
    question = QUESTIONS[world][0]
    fact = question.topics[0].facts[0]
    words = {register: text.split() for register, text in fact.items()}
    mixed = (
        " ".join(w for pair in zip(words["elementary"], words["expert"], strict=False) for w in pair).rstrip(".") + "."
    )
    for preference in PREFERENCES:
        assert verdict(world, question.text, fact["elementary"], mixed, preference) == "a"

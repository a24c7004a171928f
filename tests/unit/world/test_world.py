"""The embedded worlds: what each promises about topics, questions, answers and the annotator."""

import random
import re
from itertools import combinations

import pytest

from mope import preferences
from mope.world import annotator
from mope.world.answers import CONNECTIVES, STYLES, Style, compose, followed_preferences, within
from mope.world.corpus import corpus
from mope.world.formality_annotator import score_in_world
from mope.world.questions import Question, ask, split_questions
from mope.world.worlds import World, load, names

ACTIVE = preferences.load_preferences("workflow/prompts/preferences.yaml", ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"])

KNOWN = [pytest.param(load(name), p, id=f"{name}-{p}") for name in names() for p in followed_preferences(load(name))]


@pytest.fixture(params=names())
def world(request: pytest.FixtureRequest) -> World:
    return load(request.param)


def test_at_least_120_distinct_topics_with_four_facts_in_two_registers(world):
    topics = world.topics
    assert len(topics) >= 120
    assert len({t.id for t in topics}) == len({t.phrase for t in topics}) == len(topics)
    sentences = [fact[register] for t in topics for fact in t.facts for register in ("elementary", "expert")]
    assert len(sentences) == len(set(sentences)) == 8 * len(topics)
    for topic in topics:
        for fact in topic.facts:
            for sentence in fact.values():
                assert any(word in sentence.lower() for word in topic.keywords), sentence


def test_expert_wording_uses_longer_words_than_elementary_wording(world):
    for topic in world.topics:
        for fact in topic.facts:
            letters = {r: sum(map(len, s.split())) / len(s.split()) for r, s in fact.items()}
            assert letters["expert"] > letters["elementary"], fact


def test_splits_are_disjoint_and_seeded(world):
    sets = split_questions(world, 7)
    texts = {name: {q.text for q in questions} for name, questions in sets.items()}
    for name, other in combinations(("train", "single", "comparison", "development"), 2):
        assert not texts[name] & texts[other]
    assert split_questions(world, 7) == sets
    assert split_questions(world, 8) != sets


@pytest.mark.parametrize("name", ["single", "comparison"])
def test_half_of_an_evaluation_set_has_phrasings_never_trained_on(world, name):
    unseen = getattr(world.questions, f"{name}_unseen")
    sets = split_questions(world, 7)

    def phrased(q: Question) -> bool:
        return any(ask(template, *q.topics).text == q.text for template in unseen)

    assert sum(map(phrased, sets[name][:50])) == 25
    assert not any(map(phrased, sets["train"]))


def test_answers_follow_their_style(world):
    question = next(q for q in split_questions(world, 7)["train"] if len(q.topics) == 1)
    facts = question.topics[0].facts
    for register in ("elementary", "expert"):
        text = compose(
            world, question, Style(register=register, amount="informative", tone="friendly"), random.Random(1)
        )
        assert all(fact[register] in text or within(world, fact[register]) in text for fact in facts)
        assert text.startswith(tuple(world.tones["friendly"]["openers"]))
        assert text.endswith(tuple(world.tones["friendly"]["closers"]))
    concise = compose(world, question, Style(amount="concise", register="expert"), random.Random(1))
    assert sum(fact["expert"] in concise for fact in facts) == 1


def test_facts_are_joined_as_in_prose(world):
    for question in split_questions(world, 7)["train"][:300]:
        text = compose(world, question, Style(amount="informative", register="expert"), random.Random(1), ())
        facts = [fact["expert"] for topic in question.topics for fact in topic.facts]
        first, *rest = (fact for fact in facts if fact in text or within(world, fact) in text)
        assert text.startswith(first) and rest
        assert all(any(f"{lead} {within(world, fact)}" in text for lead in CONNECTIVES) for fact in rest)
        assert annotator.garbled(world, text) == 0 and annotator.sanity(world, question.text, text) > -1


def test_names_keep_their_capital_after_a_connective(world):
    sentences = [sentence for t in world.topics for fact in t.facts for sentence in fact.values()]
    capital = {word for s in sentences for word in re.findall(r"(?<=[a-z,] )[A-Z][\w']+", s)}
    begun = {re.match(r"[\w']+", sentence)[0] for sentence in sentences}
    assert capital & begun <= world.proper_nouns <= begun
    name = min(world.proper_nouns)
    assert within(world, f"{name} is new.") == f"{name} is new." and within(world, "Rain falls.") == "rain falls."


def test_the_annotator_sees_a_fact_repeated_behind_a_connective(world):
    question = next(q for q in split_questions(world, 7)["train"] if len(q.topics) == 1)
    one, other = (fact["expert"] for fact in question.topics[0].facts[:2])
    again, fresh = (
        annotator.sanity(world, question.text, f"{one} Also, {within(world, next_)}") for next_ in (one, other)
    )
    assert again < fresh - 6


def test_corpus_obeys_stated_preferences_only_partly(world):
    records = corpus(world, 2000, 7, 0.5, ACTIVE)
    text = ACTIVE.texts["P3A"]
    asked = [r["completion"][0]["content"] for r in records if text in r["prompt"][0]["content"]]
    friendly = sum(a.startswith(tuple(world.tones["friendly"]["openers"])) for a in asked) / len(asked)
    # followed half of the time, and by chance in a quarter of the rest
    assert 0.5 < friendly < 0.75
    assert corpus(world, 50, 7, 0.5, ACTIVE) == corpus(world, 50, 7, 0.5, ACTIVE)
    assert corpus(world, 50, 8, 0.5, ACTIVE) != corpus(world, 50, 7, 0.5, ACTIVE)


def test_the_corpus_speaks_only_in_the_tones_of_its_preferences(world):
    sixteen = preferences.load_preferences("workflow/prompts/preferences.yaml", list(STYLES)[:8])
    for known, expected in ((ACTIVE, {"friendly", "unfriendly"}), (sixteen, set(world.tones))):
        answers = [r["completion"][0]["content"] for r in corpus(world, 1000, 7, 0.5, known)]
        openers = {tone: tuple(sentences["openers"]) for tone, sentences in world.tones.items()}
        assert {tone for tone, own in openers.items() if any(a.startswith(own) for a in answers)} == expected


@pytest.mark.parametrize(("world", "preference"), KNOWN)
def test_the_annotator_prefers_the_style_that_is_asked_for(world, preference):
    opposite = preference[:2] + ("B" if preference.endswith("A") else "A")
    rng, right, cases = random.Random(0), 0, 0
    for question in split_questions(world, 7)["train"][:200]:
        asked = compose(world, question, Style(**dict([STYLES[preference]])), rng)
        other = compose(world, question, Style(**dict([STYLES[opposite]])), rng)
        right += score_in_world(world, question.text, asked, preference) > score_in_world(
            world, question.text, other, preference
        )
        cases += 1
    assert right / cases > 0.9


@pytest.mark.parametrize(("world", "preference"), KNOWN)
@pytest.mark.parametrize("spoilt", ["", "Go.", "the of and to a in is", "Photons photons photons " * 12])
def test_the_annotator_rejects_degenerate_text(world, preference, spoilt):
    rng = random.Random(0)
    for question in split_questions(world, 7)["train"][:50]:
        sane = compose(world, question, Style(**dict([STYLES[preference]])), rng)
        assert score_in_world(world, question.text, sane, preference) > score_in_world(
            world, question.text, spoilt, preference
        )


def test_asked_for_nothing_the_annotator_likes_sound_kind_substantial_answers(world):
    rng = random.Random(0)
    for question in split_questions(world, 7)["train"][:50]:
        kind, rude = (compose(world, question, Style(tone=tone), rng) for tone in ("friendly", "unfriendly"))
        assert score_in_world(world, question.text, kind, "general") > score_in_world(
            world, question.text, rude, "general"
        )
        assert score_in_world(world, question.text, kind, "general") > score_in_world(
            world, question.text, kind[:30], "general"
        )


def test_garbled_words_are_noticed(world):
    for tone in world.tones.values():
        assert annotator.garbled(world, " ".join([*tone["openers"], *tone["closers"]])) == 0
    sentence = world.topics[0].facts[0]["expert"]
    words = sentence.rstrip(".").split()
    assert annotator.garbled(world, sentence) == 0
    assert annotator.garbled(world, " ".join(reversed(words)) + ".") > 0.8


def test_asked_for_nothing_an_answer_states_one_to_four_facts(world):
    rng, register = random.Random(0), Style(register="expert")
    for topics_asked, expected in (
        (1, {(1,), (2,), (3,), (4,)}),
        (2, {(1, 1), (2, 1), (2, 2)}),
    ):
        found = set()
        for question in [q for q in split_questions(world, 7)["train"] if len(q.topics) == topics_asked][:200]:
            text = compose(world, question, register, rng).lower()
            found.add(tuple(sum(fact["expert"].lower() in text for fact in t.facts) for t in question.topics))
        assert found == expected

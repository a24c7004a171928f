"""Worlds by name: they are read once, keep to the same measures, and have nothing in common."""

import re
from itertools import combinations

import pytest

from mope.errors import MopeError
from mope.runtime.yaml_file import read_yaml
from mope.world.questions import ask
from mope.world.worlds import Phrasings, World, lineage, load, names

FORMS = tuple(Phrasings.__annotations__)


@pytest.fixture(params=names())
def world(request: pytest.FixtureRequest) -> World:
    return load(request.param)


def facts(world: World) -> list[dict[str, str]]:
    return [fact for topic in world.topics for fact in topic.facts]


def manners(world: World) -> list[str]:
    return [sentence for tone in world.tones.values() for part in tone.values() for sentence in part]


def forms(world: World) -> list[str]:
    return [form for kind in FORMS for form in getattr(world.questions, kind)]


def letters(sentence: str) -> float:
    words = re.findall(r"[a-z0-9']+", sentence.lower())
    return sum(map(len, words)) / len(words)


def test_a_world_is_read_once() -> None:
    assert load("everyday") is load("everyday") is not load("replication")


def test_an_unknown_world_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(MopeError) as caught:
        load("evryday")
    expected = "one of everyday, replication, replication_formal (did you mean everyday?) is expected"
    assert str(caught.value) == f"world: 'evryday' found, {expected}"


def test_sentences_are_of_one_length_and_words_of_their_register(world: World) -> None:
    for fact in facts(world):
        for sentence in fact.values():
            assert 7 <= len(sentence.split()) <= 14, sentence
            assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,'-]*\.", sentence), sentence
        assert letters(fact["elementary"]) <= 4.91, fact
        assert letters(fact["expert"]) >= 6.0, fact


def test_every_topic_has_the_same_shape(world: World) -> None:
    for topic in world.topics:
        assert [list(fact) for fact in topic.facts] == [["elementary", "expert"]] * 4
        assert topic.verb in ("is", "are")
        assert len(topic.keywords) >= 3
        assert topic.keywords == tuple(word.lower() for word in topic.keywords)


def test_no_phrase_is_part_of_another_or_of_a_form(world: World) -> None:
    """Or a question would ask for a topic that nobody meant."""
    phrases = [topic.phrase for topic in world.topics]
    bare = [re.sub(r"{\w+}", " ", form) for form in forms(world)]
    for phrase in phrases:
        inside = re.compile(rf"\b{re.escape(phrase.lower())}\b")
        assert [p for p in (*phrases, *bare) if inside.search(p.lower())] == [phrase]


def test_tones_and_forms_are_as_many_in_every_world(world: World) -> None:
    assert {(tone, part): len(lines) for tone, parts in world.tones.items() for part, lines in parts.items()} == {
        (tone, part): 10 for tone in ("friendly", "unfriendly", "sassy", "sarcastic") for part in ("openers", "closers")
    }
    assert [len(getattr(world.questions, kind)) for kind in FORMS] == [15, 3, 10, 2]
    assert len(set(manners(world))) == 80
    assert all(re.fullmatch(r"[A-Z][A-Za-z ,'-]*[.!?]", sentence) for sentence in manners(world))


def test_forms_are_distinct_and_name_their_topics(world: World) -> None:
    assert len(set(forms(world))) == 30
    for kind in FORMS:
        for form in getattr(world.questions, kind):
            assert form.count("{phrase}") == 1 and form.count("{other}") == kind.startswith("comparison"), form
            text = ask(form, *world.topics[:2]).text
            assert re.fullmatch(r"[A-Z][A-Za-z -]*[.?]", text), text


@pytest.mark.parametrize(("one", "other"), list(combinations([n for n in names() if lineage(n) == [n]], 2)))
def test_two_worlds_have_nothing_in_common(one: str, other: str) -> None:
    a, b = load(one), load(other)
    assert not {topic.id for topic in a.topics} & {topic.id for topic in b.topics}
    assert not {topic.phrase.lower() for topic in a.topics} & {topic.phrase.lower() for topic in b.topics}
    assert not {s for fact in facts(a) for s in fact.values()} & {s for fact in facts(b) for s in fact.values()}
    assert not set(manners(a)) & set(manners(b))
    assert not set(forms(a)) & set(forms(b))


def test_the_replication_differs_from_the_default_in_its_world_alone(root) -> None:
    """No setting may be chosen for the world on which nothing is ever tuned."""
    path = root / "workflow/experiments/replication.yaml"
    gate = {"min_accuracy": 0.6}  # lower than the default's, so that a weak reward model does not end the only run
    assert read_yaml(path) == {"run": "replication", "world": "replication", "reward": gate}

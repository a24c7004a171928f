"""A fourth dimension: answers may be formal or informal, in any register, amount and tone."""

import random
import re
from itertools import product
from pathlib import Path

import pytest

from mope.config.load import load_config
from mope.preferences import load_preferences
from mope.runtime.yaml_file import read_yaml
from mope.world import annotator
from mope.world.answers import Style, compose, followed_preferences
from mope.world.corpus import corpus
from mope.world.formality_annotator import FORMAL, INFORMAL, score_in_world
from mope.world.questions import ask, split_questions
from mope.world.worlds import lineage, load

PLAIN, WORLD = load("replication"), load("replication_formal")
DEGREES = ("formal", "informal")
SIX = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]
FILE = "workflow/prompts/preferences.yaml"
WEBS = WORLD.topics[0]
PROMPT = "What exactly are spider webs?"
FACT = "A spider web is a net of thin silk that traps insects."
FORMAL_ONE = f"Permit me, Madam. {FACT} Kindly accept my regards."
INFORMAL_ONE = f"Yo, I gotcha. {FACT} Gotta run, folks."


def test_a_world_that_extends_another_has_all_of_it_and_sentences_of_its_own() -> None:
    assert lineage("replication_formal") == ["replication_formal", "replication"] and lineage("everyday") == [
        "everyday"
    ]
    assert (WORLD.topics, WORLD.tones, WORLD.questions) == (PLAIN.topics, PLAIN.tones, PLAIN.questions)
    assert WORLD.proper_nouns == PLAIN.proper_nouns and PLAIN.formality == {}
    assert followed_preferences(WORLD) == [*followed_preferences(PLAIN), "P4A", "P4B"]


def test_each_manner_has_ten_short_sentences_per_place_which_no_tone_has() -> None:
    counts = {name: {place: len(set(texts)) for place, texts in own.items()} for name, own in WORLD.formality.items()}
    assert counts == dict.fromkeys(DEGREES, {"openers": 10, "closers": 10})
    own = [text for places in WORLD.formality.values() for texts in places.values() for text in texts]
    tones = {text for places in WORLD.tones.values() for texts in places.values() for text in texts}
    assert len(set(own)) == 40 and not set(own) & tones
    assert all(2 <= len(text.split()) <= 5 for text in own)


@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("tone", ["friendly", "unfriendly", "sassy", "sarcastic"])
@pytest.mark.parametrize("register", ["elementary", "expert"])
def test_an_answer_of_one_fact_shows_every_manner_with_every_tone_and_register(
    degree: str, tone: str, register: str
) -> None:
    answer = compose(WORLD, ask("{phrase}?", WEBS), Style(register, "concise", tone, degree), random.Random(1))
    fact, (inner, outer) = WEBS.facts[0][register], (WORLD.tones[tone], WORLD.formality[degree])
    assert answer in {
        f"{one} {two} {fact} {three} {four}"
        for one, two, three, four in product(outer["openers"], inner["openers"], inner["closers"], outer["closers"])
    }


def test_an_informative_answer_is_framed_too() -> None:
    answer = compose(
        WORLD, ask("{phrase}?", WEBS), Style("expert", "informative", None, "formal"), random.Random(2), ()
    )
    assert answer.startswith(tuple(WORLD.formality["formal"]["openers"]))
    assert answer.endswith(tuple(WORLD.formality["formal"]["closers"]))
    assert all(fact["expert"][1:] in answer for fact in WEBS.facts)


def test_without_the_fourth_dimension_the_draws_are_those_of_the_world_that_is_extended() -> None:
    known = load_preferences(FILE, SIX)
    assert corpus(WORLD, 300, 7, 0.25, known) == corpus(PLAIN, 300, 7, 0.25, known)
    assert [q.text for q in split_questions(WORLD, 7)["train"]] == [q.text for q in split_questions(PLAIN, 7)["train"]]


def test_the_corpus_follows_formality_as_often_as_it_is_told() -> None:
    known = load_preferences(FILE, [*SIX, "P4A", "P4B"])
    for rate in (0.0, 1.0):
        records = corpus(WORLD, 2000, 7, rate, known)
        asked = [r["completion"][0]["content"] for r in records if known.texts["P4A"] in r["prompt"][0]["content"]]
        formal = sum(text.startswith(tuple(WORLD.formality["formal"]["openers"])) for text in asked) / len(asked)
        assert formal == 1.0 if rate else 0.2 < formal < 0.3  # by chance in a quarter


def test_the_annotator_counts_words_of_two_lists() -> None:
    """madam, kindly, regards; yo, gotcha, gotta, folks; each is worth 2.5."""
    assert score_in_world(WORLD, PROMPT, FORMAL_ONE, "P4A") == 7.5 == -score_in_world(WORLD, PROMPT, FORMAL_ONE, "P4B")
    assert (
        score_in_world(WORLD, PROMPT, INFORMAL_ONE, "P4B") == 10 == -score_in_world(WORLD, PROMPT, INFORMAL_ONE, "P4A")
    )
    assert score_in_world(WORLD, PROMPT, FACT, "P4A") == score_in_world(WORLD, PROMPT, FACT, "P4B") == 0
    piled = f"Sir, Madam, kindly, duly, hereby, humbly. {FACT}"
    assert score_in_world(WORLD, PROMPT, piled, "P4A") <= 10


def test_to_the_annotator_a_manner_is_length_but_neither_matter_nor_tone_nor_a_fault() -> None:
    for answer, words in ((FORMAL_ONE, 7), (INFORMAL_ONE, 6)):
        for preference, less in (("P1A", 0), ("P1B", 0), ("P2A", words / 2.5), ("P2B", -words / 2.5), ("P3A", 0)):
            framed, plain = (score_in_world(WORLD, PROMPT, text, preference) for text in (answer, FACT))
            assert framed == pytest.approx(plain - less), preference
    own = " ".join(text for places in WORLD.formality.values() for texts in places.values() for text in texts).lower()
    lists = annotator.FRIENDLY | annotator.UNFRIENDLY | annotator.SASSY | annotator.SARCASTIC
    assert not set(re.findall(r"[a-z']+", own)) & lists and not FORMAL & INFORMAL


@pytest.mark.parametrize(
    "spoilt",
    [
        f"Permit me, Madam. Permit me, Madam. {FACT}",  # said twice
        f"Permit me, Madam. {FACT} Kindly accept my",  # cut
        f"Permit accept, Madam. {FACT} Kindly me my regards.",  # garbled
        "Permit me, Madam. Kindly accept my regards.",  # on no topic
    ],
)
def test_a_spoilt_manner_costs(spoilt: str) -> None:
    """Under preferences that count neither its words nor its length, by a point and more."""
    for preference in ("P1A", "P1B", "P3A", "P3B", "P3C", "P3D"):
        found, sound = (score_in_world(WORLD, PROMPT, text, preference) for text in (spoilt, FORMAL_ONE))
        assert found < sound - 1, preference


def test_in_a_world_without_formality_the_annotator_is_that_of_results() -> None:
    rng = random.Random(5)
    for question in split_questions(PLAIN, 7)["train"][:30]:
        text = compose(PLAIN, question, Style(), rng, ("friendly", "unfriendly", "sassy", "sarcastic"))
        for preference in (*followed_preferences(PLAIN), "general"):
            expected = annotator.annotator_score(PLAIN, question.text, text, preference)
            assert score_in_world(PLAIN, question.text, text, preference) == expected


def test_the_experiment_differs_from_the_default_in_world_and_preferences_alone(root: Path) -> None:
    """No setting may be chosen for a world on which nothing is ever tuned; `rubric` knows three dimensions."""
    assert read_yaml(root / "workflow/experiments/four.yaml") == {
        "run": "four",
        "world": "replication_formal",
        "preferences": [*SIX, "P4A", "P4B"],
        "reward": read_yaml(root / "workflow/experiments/replication.yaml")["reward"],
        "judges": {"rubric": None},
        "benchmark": {"models": ["run"]},  # what is timed
    }
    config = load_config(root, {"experiment": "four"})
    active = load_preferences(root / FILE, config["preferences"])
    assert len(active.dimensions) == 4 and len(active.combinations()) == 16

"""The tone classifier knows tones, from sentences that are none of the embedded world's."""

import numpy as np
import pytest

from mope.judging.statements import known, normalised
from mope.judging.text import words
from mope.judging.tone import POLES, TONES, ToneClassifier, accuracy, accuracy_table, examples, held_out, label, labels
from mope.world.questions import split_questions
from mope.world.worlds import load, names

RUN = 4  # words
WORLDS = [load(name) for name in names()]


def runs(text):
    tokens = words(text)
    return {tuple(tokens[i : i + RUN]) for i in range(len(tokens) - RUN + 1)}


def test_examples_are_enough_and_different():
    counts = {tone: sum(own == tone for _, own in examples()) for tone in TONES}
    assert min(counts.values()) >= 120
    assert len({normalised(sentence) for sentence, _ in examples()}) == len(examples())


@pytest.mark.parametrize("world", WORLDS, ids=names())
def test_no_example_occurs_in_a_world(world):
    """Neither a whole sentence nor four words in a row, of facts, tones and questions."""
    asked = [q.text for part in split_questions(world, 7).values() for q in part]
    sentences = {normalised(text) for text in [*known(world), *asked]}
    in_a_row = {run for text in [*known(world), *asked] for run in runs(text)}
    for sentence, _ in examples():
        assert normalised(sentence) not in sentences, sentence
        assert not runs(sentence) & in_a_row, sentence


def test_held_out_accuracy():
    table = accuracy(examples(), held_out()).set_index("tone")
    assert table.sentences.sum() == len(examples())
    assert (table.accuracy[list(POLES)] >= 0.85).all()
    assert (table.accuracy >= 0.65).all() and (table.among_all <= table.accuracy).all()


def test_the_classifier_learns_from_its_examples_alone():
    """Words of one class speak for it; a word that no example has speaks for none."""
    texts, tones = ["sun sun", "sun day", "rain rain", "rain day"], ["friendly", "friendly", "unfriendly", "unfriendly"]
    fitted = ToneClassifier(texts, tones)
    found = fitted.probabilities(["sun", "rain", "qqq"])
    assert found[0, 0] > 0.6 > 0.4 > found[1, 0]
    assert found[2, 0] == pytest.approx(found[2, 1], abs=0.1)
    assert np.allclose(found.sum(axis=1), 1)


def test_labels_and_accuracy_by_hand():
    found = np.array([[0.3, 0.1, 0.2, 0.4, 0.0], [0.1, 0.2, 0.3, 0.0, 0.4]])
    assert labels(found, "friendly").tolist() == ["friendly", "neutral"]
    assert labels(found, "sassy").tolist() == ["sassy", "neutral"]
    table = accuracy([("a", "friendly"), ("b", "friendly")], found).iloc[0]
    assert (table.sentences, table.accuracy, table.among_all) == (2, 0.5, 0.0)


def test_sentences_a_person_has_no_doubt_about():
    assert label("My good friend, I am so glad to help you!", "friendly") == "friendly"
    assert label("I hate you, you stupid idiot.", "unfriendly") == "unfriendly"
    assert label("The box contains twelve pencils.", "friendly") == "neutral"
    assert label("I doubt you are smart enough to get it.", "unfriendly") == "unfriendly"  # no friendly "smart"


@pytest.mark.parametrize("world", WORLDS, ids=names())
def test_the_tones_of_a_world_are_recognised(world):
    table = accuracy_table(world).set_index(["on", "tone"]).accuracy
    assert table["embedded world", "friendly"] >= 0.95 and table["embedded world", "unfriendly"] >= 0.95

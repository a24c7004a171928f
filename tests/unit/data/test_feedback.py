"""Candidates, feedback and prompt files."""

import json
import random
import re
from itertools import combinations

import pandas as pd
import pytest

from mope.data.feedback import annotate, prefers_first
from mope.data.prompts import file_prompts, world_prompts
from mope.errors import MopeError
from mope.training.candidates import SPOILT, spoil
from mope.world.annotator import annotator_score
from mope.world.worlds import load

WORLD = load("everyday")
ANSWER = (
    "Snow is frozen water that falls from clouds. Snow keeps the ground warm. Hope that makes you smile, my friend!"
)


@pytest.mark.parametrize("kind", SPOILT)
def test_spoilt_answers_differ_from_the_answer(kind):
    for seed in range(20):
        spoilt = spoil(ANSWER, "Iron rusts in wet air.", kind, random.Random(seed))
        assert spoilt
        assert spoilt != ANSWER


def test_a_repeated_sentence_takes_the_place_of_another():
    for seed in range(20):
        sentences = spoil(ANSWER, "", "repeated", random.Random(seed))
        parts = re.split(r"(?<=[.!?]) ", sentences)
        assert len(parts) <= 4 and len(set(parts)) < len(parts)
        assert len(parts) == 3 or parts[:3] == re.split(r"(?<=[.!?]) ", ANSWER)  # of the last, there is nothing later


def test_a_partial_answer_has_some_of_the_sentences_in_order():
    whole = re.split(r"(?<=[.!?]) ", ANSWER)
    found = {spoil(ANSWER, "", "partial", random.Random(seed)) for seed in range(60)}
    assert found == {" ".join(part) for n in (1, 2) for part in combinations(whole, n)}


def candidates() -> pd.DataFrame:
    rows = []
    for i in range(30):
        prompt = f"What is snow number {i}?"
        rows += [
            (f"p{i}", prompt, ANSWER),
            (f"p{i}", prompt, "Snow is ice."),
            (f"p{i}", prompt, "Ugh, snow is a stupid thing, you fool. Leave me alone."),
        ]
    scored = [(*row, annotator_score(WORLD, row[1], row[2], "P3B")) for row in rows]
    return pd.DataFrame(scored, columns=["prompt_id", "prompt", "response", "score"])


def test_noise_is_the_stated_share_of_wrong_choices():
    rng = random.Random(3)
    choices = [prefers_first(2.0, 0.1, 0.5, rng) for _ in range(4000)]
    assert 1 - sum(choices) / len(choices) == pytest.approx(0.1, abs=0.02)
    assert prefers_first(-2.0, 0.0, 0.5, rng) is False
    assert prefers_first(-0.4, 0.0, 0.5, rng) is None


def test_feedback_prefers_what_is_asked_and_is_seeded():
    feedback = annotate(candidates(), "P3B", pairs=30, noise=0.0, margin=0.5, seed=1)
    assert len(feedback) == 30
    assert not feedback.rejected.str.contains("fool").any()
    again = annotate(candidates(), "P3B", pairs=30, noise=0.0, margin=0.5, seed=1)
    pd.testing.assert_frame_equal(feedback, again)


def test_too_few_pairs_is_an_error_that_says_so():
    with pytest.raises(MopeError, match="500 pairs wanted, .* found; lower feedback.pairs"):
        annotate(candidates(), "P3B", pairs=500, noise=0.0, margin=0.5, seed=1)


def test_world_prompts_are_bounded():
    assert world_prompts(WORLD, "single", 50, 7).prompt_id.is_unique
    with pytest.raises(MopeError, match="world everyday has"):
        world_prompts(WORLD, "single", 100_000, 7)
    with pytest.raises(MopeError, match="is expected: train, single, comparison, development"):
        world_prompts(WORLD, "koala", 50, 7)


def test_file_prompts(tmp_path):
    path = tmp_path / "koala.jsonl"
    path.write_text("".join(json.dumps({"id": f"k{i}", "prompt": f"Question {i}?"}) + "\n" for i in range(5)))
    assert list(file_prompts(path, 3, "first", 100, 1).prompt) == ["Question 0?", "Question 1?", "Question 2?"]
    with pytest.raises(MopeError, match="5 prompts of at most 100 characters found, 6 wanted"):
        file_prompts(path, 6, "first", 100, 1)
    taken = {"Question 0?", "Question 3?"}
    assert list(file_prompts(path, 3, "first", 100, 1, taken).prompt) == ["Question 1?", "Question 2?", "Question 4?"]
    assert list(file_prompts(path, 2, "first", 100, 1, taken, skip=1).prompt) == ["Question 2?", "Question 4?"]
    with pytest.raises(MopeError, match="2 prompts .* that are no training prompts after the first 1, 3 wanted"):
        file_prompts(path, 3, "first", 100, 1, taken, skip=1)
    with pytest.raises(MopeError, match="3 prompts of at most 100 characters found that are no training prompts"):
        file_prompts(path, 4, "first", 100, 1, taken)
    path.write_text('{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}\n')
    with pytest.raises(MopeError, match="prompt id 'a' was used before"):
        file_prompts(path, 2, "first", 100, 1)
    path.write_text('{"id": "a", "prompt": "x"}\nnot json\n')
    with pytest.raises(MopeError, match="line 2: not JSON"):
        file_prompts(path, 2, "first", 100, 1)

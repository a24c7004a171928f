"""Order handling, seeds and identical texts, by exhaustive enumeration."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from mope.analysis.outcomes import values
from mope.errors import MopeError
from mope.judging.kinds.reward_judge import RewardJudge, check_held_out
from mope.judging.text_judge import TextJudge
from mope.judging.verdicts import JUDGMENT_COLUMNS, Opinion, aligned, judge_pair, judge_pairs
from mope.provenance.artifact import write
from mope.world.worlds import load

VERDICTS = ("first", "tie", "second", "unparsed")


class Scripted:
    """Answers from a table {(first text, second text): verdict}, and counts the calls."""

    name = "scripted"

    def __init__(self, answers):
        self.answers, self.calls = answers, 0

    def judge(self, comparisons):
        self.calls += len(comparisons)
        return [Opinion(self.answers[c.first, c.second], "raw") for c in comparisons]


def answers(texts, seeds=(0,), combination="P1A"):
    return pd.DataFrame(
        [
            {
                "prompt_id": f"q{i}",
                "prompt": f"prompt {i}",
                "combination": combination,
                "seed": s,
                "response": f"{t}{s}",
            }
            for i, t in enumerate(texts)
            for s in seeds
        ]
    )


def consensus(verdicts):
    """The outcome of one comparison shown in both orders."""
    [value] = values(pd.DataFrame([verdicts]))
    return value


@pytest.mark.parametrize("shown_ab,shown_ba", list(product(VERDICTS, VERDICTS)))
def test_every_pair_of_verdicts(shown_ab, shown_ba):
    judge = Scripted({("x0", "y0"): shown_ab, ("y0", "x0"): shown_ba})
    table = judge_pair(judge, answers(["x"]), answers(["y"])).set_index("order")["verdict"]
    expected_ab = {"first": "a", "second": "b"}.get(shown_ab, shown_ab)
    expected_ba = {"first": "b", "second": "a"}.get(shown_ba, shown_ba)
    assert (table["ab"], table["ba"]) == (expected_ab, expected_ba)
    both = consensus(table)
    if "unparsed" in (shown_ab, shown_ba):
        assert np.isnan(both)
    else:
        assert both == {("first", "second"): 1, ("second", "first"): -1}.get((shown_ab, shown_ba), 0)


@pytest.mark.parametrize("verdicts", list(product(VERDICTS, VERDICTS)))
def test_exchanging_the_methods_mirrors_the_judgments(verdicts):
    judge = Scripted({("x0", "y0"): verdicts[0], ("y0", "x0"): verdicts[1]})
    ab = judge_pair(judge, answers(["x"]), answers(["y"])).set_index("order")["verdict"]
    ba = judge_pair(judge, answers(["y"]), answers(["x"])).set_index("order")["verdict"]
    mirror = {"a": "b", "b": "a", "tie": "tie", "unparsed": "unparsed"}
    assert ab["ab"] == mirror[ba["ba"]] and ab["ba"] == mirror[ba["ab"]]


def test_a_judge_that_always_takes_the_first_ties():
    judge = Scripted({("x0", "y0"): "first", ("y0", "x0"): "first"})
    assert consensus(judge_pair(judge, answers(["x"]), answers(["y"])).set_index("order")["verdict"]) == 0


def test_identical_texts_tie_without_a_call():
    judge = Scripted({("x0", "y0"): "first", ("y0", "x0"): "second"})
    table = judge_pair(judge, answers(["same", "x"]), answers(["same", "y"]))
    assert judge.calls == 2
    assert list(table["verdict"]) == ["tie", "tie", "a", "a"]


def test_one_row_per_preference_and_order():
    table = judge_pair(
        TextJudge(load("everyday"), "rubric", 0.05),
        answers(["x"], combination="P1A-P2B-P3A"),
        answers(["y"], combination="P1A-P2B-P3A"),
    )
    assert list(table.columns) == JUDGMENT_COLUMNS
    assert sorted(zip(table["preference"], table["order"], strict=True)) == sorted(
        product(["P1A", "P2B", "P3A"], ["ab", "ba"])
    )


def test_seeds():
    one, three, other = answers(["x"]), answers(["y"], seeds=(0, 1, 2)), answers(["z"], seeds=(0, 1, 2))
    assert list(zip(*aligned(one, three)[["seed_a", "seed_b"]].T.to_numpy(), strict=True)) == [(0, 0), (0, 1), (0, 2)]
    assert list(zip(*aligned(three, other)[["seed_a", "seed_b"]].T.to_numpy(), strict=True)) == [(0, 0), (1, 1), (2, 2)]
    assert list(aligned(three, other)["response_b"]) == ["z0", "z1", "z2"]
    with pytest.raises(MopeError, match="seeds"):
        aligned(three, answers(["z"], seeds=(3, 4)))


def test_answers_that_one_method_lacks():
    with pytest.raises(MopeError, match="q1"):
        aligned(answers(["x"]), answers(["y", "z"]))
    with pytest.raises(MopeError, match="two rows"):
        aligned(pd.concat([answers(["x"])] * 2), answers(["y"]))


def test_all_pairs_in_order():
    responses = {name: answers(["same"]) for name in ("vanilla", "soup", "mope")}
    assert [(a, b) for a, b, _ in judge_pairs(Scripted({}), responses)] == [
        ("vanilla", "soup"),
        ("vanilla", "mope"),
        ("soup", "mope"),
    ]


def test_reward_judge():
    scores = {"P1A": {("prompt 0", "x0"): 1.0, ("prompt 0", "y0"): 0.5}}
    pair = answers(["x"]), answers(["y"])
    assert list(judge_pair(RewardJudge(scores, 0.0, "held_out"), *pair)["verdict"]) == ["a", "a"]
    assert list(judge_pair(RewardJudge(scores, 0.6, "held_out"), *pair)["verdict"]) == ["tie", "tie"]


def test_a_reward_judge_must_not_have_learnt_from_the_feedback_of_the_run(tmp_path):
    for run, content in (("own", "pairs"), ("other", "other pairs")):
        with write(tmp_path / run / "feedback.csv", stage="test", params={}, seeds={}) as tmp:
            tmp.write_text(content)
        source = [tmp_path / run / "feedback.csv"]
        with write(tmp_path / run / "reward", stage="test", params={}, seeds={}, inputs=source) as tmp:
            tmp.mkdir()
            (tmp / "weights").write_text(content)
    feedback = [tmp_path / "own" / "feedback.csv"]
    check_held_out([tmp_path / "other" / "reward"], feedback)
    with pytest.raises(MopeError, match="another seed"):
        check_held_out([tmp_path / "other" / "reward", tmp_path / "own" / "reward"], feedback)

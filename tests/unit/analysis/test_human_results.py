"""Raters' answers: alpha against published examples, win rates and tests by hand, agreement with judges."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mope.analysis.human_results import judge_agreement, krippendorff_alpha, results
from mope.errors import MopeError
from mope.judging.human_study import Item, draw_study, read_ratings, study_id, study_page

TEXTS = {"P1A": "simple please", "P2A": "short please"}


def long(units):
    """Ratings from one list of values per item."""
    return pd.DataFrame(
        [(f"i{i}", f"r{r}", v) for i, values in enumerate(units) for r, v in enumerate(values) if v is not None],
        columns=["item", "rater", "value"],
    )


def test_alpha_of_krippendorffs_example():
    """Krippendorff (2011), example C: four observers, twelve units, missing data, nominal alpha 0.743."""
    a = [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None]
    b = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3]
    c = [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None]
    d = [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None]
    assert krippendorff_alpha(long(list(zip(a, b, c, d, strict=True)))) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_two_raters_by_hand():
    """Krippendorff (2011), example A: ten units, binary, two observers, alpha 0.095."""
    a = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    b = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorff_alpha(long(list(zip(a, b, strict=True)))) == pytest.approx(0.095, abs=5e-4)


def test_alpha_at_its_ends():
    assert krippendorff_alpha(long([[1, 1], [0, 0], [1, 1]])) == 1
    assert krippendorff_alpha(long([[1, 1], [1, 1]])) == 1
    assert np.isnan(krippendorff_alpha(long([[1], [0]])))
    assert krippendorff_alpha(long([[0, 1], [1, 0], [0, 1]])) < 0
    rng = np.random.default_rng(0)
    assert krippendorff_alpha(long(rng.integers(0, 3, (3000, 3)).tolist())) == pytest.approx(0, abs=0.03)


@pytest.fixture
def responses():
    def table(method, seeds=(0,)):
        rows = [(f"q{i}", f"Question {i}?", "P1A-P2A", f"{method} text {i} {s}", s) for i in range(30) for s in seeds]
        return pd.DataFrame(rows, columns=["prompt_id", "prompt", "combination", "response", "seed"])

    return {"mod": table("mod"), "soup": table("soup"), "mope": table("mope", (0, 1, 2))}


def test_items_are_blinded_balanced_and_repeatable(responses):
    items, key = draw_study(responses, "mope", ["mod", "soup"], 41, TEXTS, seed=3)
    again, _ = draw_study(responses, "mope", ["mod", "soup"], 41, TEXTS, seed=3)
    assert items == again and len({i.item for i in items}) == len(items) == 41
    rivals = key["right"].where(key["left"] == "mope", key["left"])
    assert sorted(rivals.value_counts()) == [20, 21]
    assert 8 < (key["left"] == "mope").sum() < 33
    for item, row in zip(items, key.itertuples(), strict=True):
        assert item.item == row.item and item.wishes == ["simple please", "short please"]
        assert item.left.startswith(f"{row.left} ") and item.right.startswith(f"{row.right} ")
        assert item.left.endswith(f" {row.seed_left}") and item.right.endswith(f" {row.seed_right}")


def test_identical_texts_are_left_out(responses):
    responses["mod"]["response"] = "same"
    responses["mope"]["response"] = "same"
    with pytest.raises(MopeError, match="0 differ"):
        draw_study(responses, "mope", ["mod"], 5, TEXTS, seed=0)


def test_page_names_no_method_and_cannot_be_broken_out_of():
    evil = '</script><img src="https://example.com/x" onerror=alert(1)>'
    html = study_page([Item("item-000", evil, ["simple & short"], evil, "x")])
    assert html.count("</script>") == 2 and "<img" not in html
    assert "default-src 'none'" in html
    assert "mope" not in html.lower()


def ratings_file(tmp_path, name, study, rows, header="study,rater,item,answer,seconds"):
    path = tmp_path / f"{name}.csv"
    path.write_text(header + "\r\n" + "".join(f"{study},{name},{item},{answer},1.0\r\n" for item, answer in rows))
    return path


def test_simulated_raters(tmp_path, responses):
    """Twenty raters who prefer mope with probability 0.7 where they do not tie: the stage finds it."""
    items, key = draw_study(responses, "mope", ["mod", "soup"], 60, TEXTS, seed=1)
    rng, paths = np.random.default_rng(0), []
    truth = {item.item: rng.random() < 0.75 for item in items}  # whether mope is the better one of a pair
    for rater in range(20):
        rows = []
        for row in key.itertuples():
            likes = truth[row.item] if rng.random() < 0.85 else not truth[row.item]
            answer = "left" if likes == (row.left == "mope") else "right"
            rows.append((row.item, "tie" if rng.random() < 0.1 else answer))
        paths.append(ratings_file(tmp_path, f"rater{rater}", study_id(items), rows))
    ratings = read_ratings(paths, key)
    table = results(ratings, key, "mope").set_index("opponent")
    whole = table.loc["all"]
    assert (whole["pairs"], whole["raters"], whole["ratings"]) == (60, 20, 1200)
    assert whole["wins"] == sum(truth.values()) and whole["ties"] == 0
    assert whole["p_binomial"] == stats.binomtest(int(whole["wins"]), 60).pvalue < 0.05
    assert whole["ci_low"] < whole["win_rate"] < whole["ci_high"]
    assert 0.2 < whole["alpha"] < 0.8
    assert table.loc["mod", "pairs"] == table.loc["soup", "pairs"] == 30
    _judges_agree(ratings, key, truth)


def _judges_agree(ratings, key, truth):
    """A judge that knows the truth agrees wholly, one that is always wrong not at all."""
    rows = []
    for row in key.itertuples():
        rival = row.right if row.left == "mope" else row.left
        seed = row.seed_left if row.left == "mope" else row.seed_right
        for judge, right in (("wise", True), ("wrong", False)):
            verdict = "b" if truth[row.item] == right else "a"
            for preference in ("P1A", "P2A"):
                for order in ("ab", "ba"):
                    rows.append(
                        (rival, "mope", row.prompt_id, row.combination, 0, seed, preference, order, verdict, judge)
                    )
    columns = "a b prompt_id combination seed_a seed_b preference order verdict judge".split()
    table = judge_agreement(ratings, key, "mope", pd.DataFrame(rows, columns=columns)).set_index("judge")
    assert table.loc["wise", ["pairs", "agreement", "kappa", "decided_agreement"]].tolist() == [60, 1, 1, 1]
    assert table.loc["wrong", "agreement"] == 0 and table.loc["wrong", "kappa"] < 0


@pytest.mark.parametrize(
    "rows,header,said",
    [
        ([("item-000", "maybe")], None, "'maybe'"),
        ([("item-999", "left")], None, "item-999"),
        ([("item-000", "left"), ("item-000", "right")], None, "before"),
        ([], None, "no answer"),
        ([("item-000", "left")], "a,b,c,d,e", "columns"),
    ],
)
def test_bad_files(tmp_path, responses, rows, header, said):
    items, key = draw_study(responses, "mope", ["mod"], 3, TEXTS, seed=1)
    path = ratings_file(tmp_path, "r", study_id(items), rows, header or "study,rater,item,answer,seconds")
    with pytest.raises(MopeError, match=said):
        read_ratings([path], key)


def test_ratings_of_answers_that_have_changed_since_are_refused(tmp_path, responses):
    items, _ = draw_study(responses, "mope", ["mod"], 3, TEXTS, seed=1)
    path = ratings_file(tmp_path, "r", study_id(items), [("item-000", "left")])
    responses["mod"]["response"] += "!"
    _, key = draw_study(responses, "mope", ["mod"], 3, TEXTS, seed=1)
    with pytest.raises(MopeError, match=r"r\.csv: line 2: answers study"):
        read_ratings([path], key)

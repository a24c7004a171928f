"""Soundness of open text, against means by hand and the bootstrap's own definition."""

import numpy as np
import pandas as pd
import pytest

from mope.analysis.method_shares import method_shares
from mope.analysis.open_text_soundness import SOUNDNESS_MEASURES, open_text_soundness
from mope.judging.open_text import OpenTextFeatures, relevance
from mope.judging.open_text_information import Content


def features(degenerate: float, closeness: float) -> OpenTextFeatures:
    told = Content(count=1, news=1.0, repeated=0.0, closeness=closeness, directness=0.5)
    return OpenTextFeatures(0.5, told, np.zeros(1), degenerate, unfinished=False)


def test_relevance_rises_from_unrelated_to_clearly_related() -> None:
    assert [round(relevance(features(0, c).content), 6) for c in (0.5, 1.0, 1.35, 1.7, 3.0)] == [0, 0, 0.5, 1, 1]


def test_means_and_differences_by_hand() -> None:
    rows = [("prompting", 0), ("prompting", 1), ("mope", 0), ("mope", 1)]
    responses = pd.DataFrame(
        [("own", method, f"p{n}", "P1A-P2A", f"{method}{n}", 0, "stop") for method, n in rows],
        columns=["set", "method", "prompt_id", "combination", "response", "seed", "finish_reason"],
    )
    responses.loc[3, "finish_reason"] = "length"
    found = [features(0.0, 1.7), features(0.5, 1.35), features(0.25, 1.7), features(0.25, 1.0)]
    table = open_text_soundness(responses, found, resamples=200, seed=0).set_index(["preference", "method"])
    assert set(table.index.get_level_values("preference")) == {"all", "P1A", "P2A"}
    mope, prompting = table.loc["all", "mope"], table.loc["all", "prompting"]
    assert [mope[name] for name in SOUNDNESS_MEASURES] == pytest.approx([0.75, 0.5, 0.5])
    assert [prompting[name] for name in SOUNDNESS_MEASURES] == pytest.approx([0.75, 0.75, 1.0])
    assert mope.sound_difference == pytest.approx(0) and mope.relevant_difference == pytest.approx(-0.25)
    assert mope.relevant_difference_low == pytest.approx(-0.5)  # both draws are the second prompt
    assert mope.relevant_difference_high == pytest.approx(0)
    assert prompting.sound_difference_low == prompting.sound_difference_high == 0


def test_shares_are_sums_over_sums_and_no_total_is_no_share() -> None:
    responses = pd.DataFrame(
        {"set": "s", "method": "m", "prompt_id": ["a", "b"], "combination": "X", "seed": 0, "response": ""}
    )
    counted = np.array([[[1, 2], [0, 0]], [[3, 4], [0, 0]]], dtype=float)
    row = method_shares(responses, counted, ("some", "none"), "other", {"d": "some"}, 50, 0).iloc[0]
    assert row["some"] == pytest.approx(4 / 6) and np.isnan(row["none"]) and "d" not in row

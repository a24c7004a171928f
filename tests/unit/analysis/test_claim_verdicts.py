"""Verdicts of two views: the whole table by hand."""

import numpy as np
import pytest

from mope.analysis.claim_verdicts import (
    BY_JUDGE,
    BY_REWARDS,
    DISAGREE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    UNDECIDED,
    UNTESTABLE,
    side,
    verdict,
)
from mope.analysis.claims import decided
from mope.analysis.findings import Finding, Untestable

TABLE = {
    (1, 1): REPRODUCED, (1, 0): BY_JUDGE, (1, -1): DISAGREE, (1, None): REPRODUCED,
    (0, 1): BY_REWARDS, (0, 0): UNDECIDED, (0, -1): NOT_REPRODUCED, (0, None): UNDECIDED,
    (-1, 1): DISAGREE, (-1, 0): NOT_REPRODUCED, (-1, -1): NOT_REPRODUCED, (-1, None): NOT_REPRODUCED,
}  # fmt: skip


@pytest.mark.parametrize("views,expected", TABLE.items(), ids=str)
def test_every_pair_of_sides(views: tuple, expected: str) -> None:
    assert verdict(*views) == expected


@pytest.mark.parametrize(
    "low,high,expected",
    [(0.51, 0.6, 1), (0.3, 0.49, -1), (0.45, 0.55, 0), (0.5, 0.6, 0), (0.4, 0.5, 0), (np.nan, np.nan, 0)],
)
def test_only_a_whole_interval_takes_a_side(low: float, high: float, expected: int) -> None:
    assert side(low, high, 0.5) == Finding(0.5, low, high, 0.5).side == expected


def test_views_that_cannot_tell() -> None:
    above, nothing = Finding(0.6, 0.55, 0.7, 0.5), Untestable("all tie")
    assert decided(None, None) == NOT_RUN
    assert decided(nothing, None) == decided(nothing, nothing) == UNTESTABLE
    assert decided(above, nothing) == BY_JUDGE and decided(nothing, above) == BY_REWARDS
    assert decided(above, None) == decided(above, above) == REPRODUCED

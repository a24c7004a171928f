"""The verdicts on a claim, from two views of it: the first judge's and the reward models'."""

REPRODUCED = "reproduced"
BY_JUDGE = "reproduced by the judge alone"
BY_REWARDS = "reproduced by the reward models alone"
NOT_REPRODUCED = "not reproduced"
UNDECIDED = "undecided by the interval"
DISAGREE = "judges disagree"
UNTESTABLE = "untestable"
NOT_RUN = "not run"
VERDICTS = (
    REPRODUCED,
    BY_JUDGE,
    BY_REWARDS,
    NOT_REPRODUCED,
    UNDECIDED,
    DISAGREE,
    UNTESTABLE,
)  # on claims that were run


def side(low: float, high: float, threshold: float) -> int:
    """+1 if the whole interval [low, high] lies above the threshold, -1 if below, else 0; NaN bounds give 0."""
    return int(low > threshold) - int(high < threshold)


def verdict(judge: int, rewards: int | None) -> str:
    """The verdict from the `side` of each view; `rewards` is None for a claim on which reward models have no view.

    Opposite sides: judges disagree. One supports the claim, the other is undecided: reproduced by the first alone. One
    rejects the claim, the other does not support it: not reproduced.
    """
    sides = {judge} if rewards is None else {judge, rewards}
    if sides == {1, -1}:
        return DISAGREE
    if sides == {1}:
        return REPRODUCED
    if 1 in sides:
        return BY_JUDGE if judge == 1 else BY_REWARDS
    return NOT_REPRODUCED if -1 in sides else UNDECIDED

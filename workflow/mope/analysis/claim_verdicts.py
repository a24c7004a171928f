"""The verdicts on a claim, from two views of it: the first judge's and the reward models'."""

REPRODUCED = "reproduced"
BY_JUDGE = "reproduced by the judge alone"
BY_REWARDS = "reproduced by the reward models alone"
NOT_REPRODUCED = "not reproduced"
UNDECIDED = "undecided by the interval"
DISAGREE = "judges disagree"
UNTESTABLE = "untestable"
NOT_RUN = "not run"
VERDICTS = (  # on claims that were run
    REPRODUCED,
    BY_JUDGE,
    BY_REWARDS,
    NOT_REPRODUCED,
    UNDECIDED,
    DISAGREE,
    UNTESTABLE,
)

OF_OURS = {  # how the same verdicts read on comparisons that the papers do not make
    REPRODUCED: "holds",
    BY_JUDGE: "holds by the judge alone",
    BY_REWARDS: "holds by the reward models alone",
    NOT_REPRODUCED: "does not hold",
    UNDECIDED: "undecided",
}
NOT_COMPARED = "not compared"  # how a claim's `published` begins where the papers make no such comparison


def of_papers(published: str) -> bool:
    """Whether the papers make a claim's comparison; `published` is the claim's text about what they report."""
    return not published.startswith(NOT_COMPARED)


def worded(verdict: str, published: str) -> str:
    """The verdict in words: "reproduced" is said of what the papers published alone."""
    return verdict if of_papers(published) else OF_OURS.get(verdict, verdict)


def side(low: float, high: float, threshold: float) -> int:
    """+1 if the whole interval [low, high] lies above the threshold, -1 if below, else 0; NaN bounds give 0."""
    return int(low > threshold) - int(high < threshold)


def verdict(judge: int, rewards: int | None) -> str:
    """The verdict from the `side` of each view; `rewards` is None for a claim on which reward models have no view.

    Opposite sides: judges disagree. All views support the claim: reproduced. One supports it and the other is
    undecided: reproduced by the one that supports it alone. At least one rejects it and none supports it: not
    reproduced.
    """
    sides = {judge} if rewards is None else {judge, rewards}
    if sides == {1, -1}:
        return DISAGREE
    if sides == {1}:
        return REPRODUCED
    if 1 in sides:
        return BY_JUDGE if judge == 1 else BY_REWARDS
    return NOT_REPRODUCED if -1 in sides else UNDECIDED

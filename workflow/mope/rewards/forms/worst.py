"""The worst preference of ξ decides, so that none is neglected in favour of the others.

The maximin objective of Robust Multi-Objective Decoding (arXiv 2503.08796), there in decoding, on the Bradley-Terry
rewards of eq. 2, which are of one scale for all preferences.
"""

from mope.rewards.forms.bt import BradleyTerry

TAKES_WEIGHTS = False  # of graded preferences: the worst one is the same whatever they are


class Worst(BradleyTerry):
    """R = min over d in ξ of R_d."""

    def together(self, rewards, weights):
        return rewards.masked_fill(weights == 0, float("inf")).amin(1)

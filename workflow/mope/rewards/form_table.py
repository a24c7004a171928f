"""Forms of the reward: `controller.reward` in config.yaml -> class. A new one takes a file and a line.

A module may say `TAKES_WEIGHTS = False` where weights of graded preferences would make no difference.
"""

from mope.rewards.forms import bt, decoupled, raw, standardised, worst

FORMS = {
    "bt": bt.BradleyTerry,
    "raw": raw.Raw,
    "standardised": standardised.Standardised,
    "worst": worst.Worst,
    "decoupled": decoupled.Decoupled,
}

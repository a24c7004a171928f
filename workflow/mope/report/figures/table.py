"""The figures, in the order of the report. An entry is the module of its name, which has

SOURCES  what it is drawn from: names of tables, or of what `mope.report.figures.sources` reads
CAPTION  its text in the report, in reStructuredText
draw     makes a matplotlib figure of these, given by name
"""

from mope.report.figures import (
    alpha_position,
    alpha_tokens,
    combination_bars,
    decoding_cost,
    length_win_rate,
    preference_bars,
    reward_fronts,
    training_curves,
    variants,
    weight_fronts,
    win_rate_matrix,
)

FIGURES = {
    "win_rate_matrix": win_rate_matrix,
    "preference_bars": preference_bars,
    "combination_bars": combination_bars,
    "length_win_rate": length_win_rate,
    "reward_fronts": reward_fronts,
    "weight_fronts": weight_fronts,
    "training_curves": training_curves,
    "alpha_tokens": alpha_tokens,
    "alpha_position": alpha_position,
    "variants": variants,
    "decoding_cost": decoding_cost,
}

"""Objectives of policies for all combinations: `policies.<name>.objective` -> module. A new one: a file and a line.

A module has the function `train(parts, settings, saved, out)` and a literal NEEDS, which lists the parts that it uses:
general_reward, rewards or feedback. It may declare keys of its own, which an entry of `policies` with this objective
takes beside `settings`: REQUIRED and OPTIONAL, literals, as JSON schema. Their values are in the parts' `own`.
"""

from mope.training.objectives import multitask, pmorl, rlhf

POLICY_OBJECTIVES = {
    "general": rlhf,
    "combined": pmorl,
    "imitation": multitask,
}

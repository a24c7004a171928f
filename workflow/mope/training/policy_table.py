"""What a policy for all combinations is trained by: `policies.<name>.objective` -> module.

A new one is a file and a line here. A module has `train(parts, settings, saved, out)`, and NEEDS says in a literal
which parts it uses: general_reward, rewards or feedback.
"""

from mope.training import multitask, pmorl, rlhf

POLICY_OBJECTIVES = {
    "general": rlhf,
    "combined": pmorl,
    "imitation": multitask,
}

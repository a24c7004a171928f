"""Objectives of controller training: `controller.objective` in config.yaml -> class. A new one takes a file and a line.

An object of the class is made from the settings for each training step. `target` turns rewards into the values of
`Rollout.target`, which `holds` names: "reward" or "advantage"; `loss` is a mean over `terms` terms.
"""

from mope.controller.objectives import ppo, rebel

OBJECTIVES = {
    "rebel": rebel.Rebel,
    "ppo": ppo.ClippedPPO,
}

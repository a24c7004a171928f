"""Objectives of controller training: `controller.objective` in config.yaml -> class. A new one takes a file and a line.

An object of the class is made from the settings for each training step. `target` turns rewards into the values of
`Rollout.target`, which `holds` names: "reward" or "advantage"; `loss` is a mean over `terms` terms.

A module may declare keys of its own, which an entry of `controllers` with this objective takes beside those of the
section `controller`: REQUIRED and OPTIONAL, literals, as JSON schema. Their values are in the settings' `own`.
"""

from mope.controller.objectives import ppo, rebel

OBJECTIVES = {
    "rebel": rebel.Rebel,
    "ppo": ppo.ClippedPPO,
}

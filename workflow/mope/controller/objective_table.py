"""What a controller is trained by: `controller.objective` in config.yaml -> class. A new one is a file and a line here.

A class is made of the settings for each step. `target` turns rewards into what `Rollout.target` then holds (`holds`
names it), `loss` is the mean over `terms` terms.
"""

from mope.controller import ppo, rebel

OBJECTIVES = {
    "rebel": rebel.Rebel,
    "ppo": ppo.ClippedPPO,
}

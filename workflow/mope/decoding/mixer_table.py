"""The mixing rules of methods of kind mix: name in config.yaml -> module. A new one is a file and a line here."""

from mope.decoding.mixers import arithmetic, logit, probability

MIXERS = {
    "uniform": probability,
    "controller": probability,
    "logit": logit,
    "arithmetic": arithmetic,
}

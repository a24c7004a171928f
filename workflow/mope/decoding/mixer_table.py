"""The mixing rules of methods: `mixer` in config.yaml -> module. A new one is a file and a line here.

A module has `mixer(method, base)`, and says in literals what the configuration must know without running it:
- REQUIRED, and OPTIONAL where there are some: the keys of a method beside those of its kind, as JSON schema;
- READS_BASE: whether the base model is one of the experts;
- SPACE, of a rule with the key `controller`: in which space a controller must have been trained (`controller.space`).
"""

from mope.decoding.mixers import arithmetic, controlled, logit, probability

MIXERS = {
    "uniform": probability,
    "controller": controlled,
    "logit": logit,
    "arithmetic": arithmetic,
}

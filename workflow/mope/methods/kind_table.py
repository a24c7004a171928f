"""The kinds of methods: name in config.yaml -> module. A new kind is a file and a line here.

A module has `answers(generator, method, pairs)`, and says in literals what the configuration must know without running
it: the keys that it takes (REQUIRED and OPTIONAL, as JSON schema), the trained parts that it NEEDS, and CHOSEN_BY, the
columns of groups from which rewards choose one of several candidates (leave it out where there is nothing to choose).
"""

from mope.methods.kinds import (
    arrow,
    base_alone,
    best_of,
    expert_alone,
    expert_mixture,
    guided_base,
    merged_soup,
    remote_experts,
    sparse_soup,
    trained_policy,
)

METHOD_KINDS = {
    "base": base_alone,
    "soup": merged_soup,
    "sparse_soup": sparse_soup,
    "guided": guided_base,
    "arrow": arrow,
    "mix": expert_mixture,
    "expert": expert_alone,
    "best_of": best_of,
    "policy": trained_policy,
    "remote": remote_experts,
}

"""The kinds of methods: name in config.yaml -> module. A new kind is a file and a line here.

A module has `answers(generator, method, pairs)`, and says in literals what the configuration must know without running
it: the keys that it takes (REQUIRED and OPTIONAL, as JSON schema), and the trained parts that it NEEDS. Where they
apply, also these, of which the last three name keys of a method with the values that they must have:
- CHOSEN_BY: the columns of groups from which rewards choose one of several candidates;
- CHOSEN_WITH: only with these values is there something to choose;
- WEIGHTS_WITH: only with these values do weights of the preferences make a difference;
- REQUIRED_WITH, optional key -> values: the key must be given with these values, and may not be without them.

Some keys mean the same in every kind: `controller`, `policy` and `expert` name one, `mixer` names a mixing rule,
`endpoints` are servers of experts, and `weights` are those of graded preferences.
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

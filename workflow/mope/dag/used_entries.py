"""Which entries of tables a job uses: its digest counts their code only, so that a new entry reruns nothing else."""

from collections.abc import Mapping

from mope.config.controllers import OBJECTIVE_TABLE
from mope.config.entries_schema import FORM_TABLE, MIXER_TABLE
from mope.judging.judge_kinds import JUDGES
from mope.methods.entries import KIND_TABLE
from mope.provenance.declared import chosen
from mope.training.policy_needs import POLICIES


def of_method(method: dict) -> dict[str, list[str]]:
    """The kind of a method, and the mixing rule where it has one."""
    mixers = [method["mixer"]] if "mixer" in method else []
    return chosen(KIND_TABLE, [method["kind"]]) | chosen(MIXER_TABLE, mixers)


def of_controller(section: Mapping) -> dict[str, list[str]]:
    """Objective and reward of a controller; its training mixes in probability or logit space without the table."""
    return chosen(OBJECTIVE_TABLE, [section["objective"]]) | chosen(FORM_TABLE, [section["reward"]])


def of_policy(policy: Mapping) -> dict[str, list[str]]:
    """The objective of a policy."""
    return chosen(POLICIES, [policy["objective"]])


def of_judges(kinds: list[str]) -> dict[str, list[str]]:
    """The kinds of judges."""
    return chosen(JUDGES, kinds)

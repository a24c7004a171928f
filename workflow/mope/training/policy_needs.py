"""What policies for all combinations learn from. Light: the Snakefile calls this while it is parsed."""

from mope.provenance.declared import declared

POLICIES = "mope.training.policy_table"


def learns_from(objective: str) -> list[str]:
    """What an objective of policies needs: some of general_reward, rewards and feedback."""
    return declared(POLICIES)[objective]["NEEDS"]


def need_general_reward(config: dict) -> bool:
    """Whether a policy that some method uses learns from the general reward model."""
    used = {method["policy"] for method in config["methods"].values() if "policy" in method}
    policies = (policy for name, policy in config["policies"].items() if name in used)
    return any("general_reward" in learns_from(policy["objective"]) for policy in policies)

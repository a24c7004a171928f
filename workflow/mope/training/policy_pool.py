"""A policy in training as the decode loop's expert."""

from peft import PeftModel, get_peft_model_state_dict
from transformers import PreTrainedModel

from mope.engine.llama import check_family
from mope.engine.lora import split_tensors, stack_adapters
from mope.errors import MopeError
from mope.pools.adapters import BASE, AdapterPool


class PolicyPool(AdapterPool):
    """The policy's frozen base on the fast forward pass, and the policy's adapter as it was last taken."""

    def __init__(self, base: PreTrainedModel):
        super().__init__(base, {"policy": BASE}, base.dtype, base.device)

    def take(self, policy: PeftModel) -> None:
        """Answer as this policy does now."""
        adapter, _ = split_tensors(get_peft_model_state_dict(policy), policy.peft_config["default"].to_dict())
        self.stacks = stack_adapters(self.llama, [adapter])


def policy_pool(base: PreTrainedModel) -> PolicyPool | None:
    """The pool of a policy to be trained on `base`; None where its family has no fast forward pass."""
    try:
        check_family(base.get_decoder())
    except MopeError:
        return None
    return PolicyPool(base)

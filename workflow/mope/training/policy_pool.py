"""The expert pool that generates answers of a policy during its training."""

from peft import PeftModel, get_peft_model_state_dict
from transformers import PreTrainedModel

from mope.engine.llama import check_family
from mope.engine.lora import split_tensors, stack_adapters
from mope.errors import MopeError
from mope.pools.adapters import BASE, AdapterPool


class PolicyPool(AdapterPool):
    """The policy's frozen base on the fast forward pass, with the adapter that `take` has read last."""

    def __init__(self, base: PreTrainedModel):
        super().__init__(base, {"policy": BASE}, base.dtype, base.device)

    def take(self, policy: PeftModel) -> None:
        """Read the policy's adapter; from now on the pool generates as the policy does at this moment."""
        adapter, _ = split_tensors(get_peft_model_state_dict(policy), policy.peft_config["default"].to_dict())
        self.stacks = stack_adapters(self.llama, [adapter])


def policy_pool(base: PreTrainedModel) -> PolicyPool | None:
    """The pool of a policy to be trained on `base`; None if its model family has no fast forward pass."""
    try:
        check_family(base.get_decoder())
    except MopeError:
        return None
    return PolicyPool(base)

"""Arrow routing (arXiv 2405.11157), through PEFT: a rival that routes tokens among experts without training."""

from collections.abc import Sequence
from pathlib import Path

from peft import ArrowConfig, create_arrow_model
from transformers import AutoModelForCausalLM

from mope.pools.open_pool import placement
from mope.pools.separate import SeparatePool


def arrow_pool(base: Path, experts: Sequence[Path]) -> SeparatePool:
    """One model of all `experts` (PEFT folders): each layer weighs their adapters anew for each token.

    The weights are a softmax, at PEFT's temperature, of how much of a token's activation lies along the direction that
    each adapter amplifies most. White box: unlike mixtures of probabilities it needs the experts' weights.
    """
    dtype, device = placement()
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    routed = create_arrow_model(model, [str(folder) for folder in experts], ArrowConfig(top_k=len(experts)))
    return SeparatePool({"arrow": routed}, dtype, device)

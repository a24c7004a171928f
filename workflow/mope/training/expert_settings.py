"""The section `expert` of config.yaml, and the adapter that a policy is."""

from dataclasses import dataclass

from peft import LoraConfig
from transformers import PreTrainedModel

from mope.training.adapted_layers import adapted_layers


@dataclass(frozen=True)
class ExpertSettings:
    """The section `expert` of config.yaml, which explains the keys."""

    seed: int
    rank: int
    alpha: int
    learning_rate: float
    steps: int
    prompts_per_step: int
    generations: int
    iterations: int
    kl: float
    temperature: float
    max_new_tokens: int
    micro_batch: int | None  # answers per backward pass
    layers: int | None = None  # number of last layers that are adapted; None: all
    precision: str = "float32"


def expert_adapter(model: PreTrainedModel, settings: ExpertSettings) -> LoraConfig:
    """The LoRA configuration of every policy: on all linear maps of the last `settings.layers` layers of `model`.

    `MopeError` where the model has fewer layers.
    """
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=0.0,
        **adapted_layers(model, settings.layers, "expert.layers"),
    )

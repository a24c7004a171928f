"""The section `reward` of config.yaml, and the adapter that a reward model is."""

from dataclasses import dataclass

from peft import LoraConfig
from transformers import PreTrainedModel

from mope.training.adapted_layers import adapted_layers


@dataclass(frozen=True)
class RewardSettings:
    """The section `reward` of config.yaml, which explains the keys."""

    seed: int
    rank: int
    alpha: int
    dropout: float
    learning_rate: float
    epochs: float
    batch: int
    held_out: float
    min_accuracy: float
    max_length: int
    micro_batch: int | None  # pairs per backward pass
    layers: int | None = None  # number of last layers that are adapted; None: all
    precision: str = "float32"


def reward_adapter(model: PreTrainedModel, settings: RewardSettings) -> LoraConfig:
    """LoRA on all linear maps of the last `settings.layers` layers of `model` (None: all layers), and the scalar head.

    `MopeError` where the model has fewer layers.
    """
    return LoraConfig(
        task_type="SEQ_CLS",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        modules_to_save=["score"],
        **adapted_layers(model, settings.layers, "reward.layers"),
    )

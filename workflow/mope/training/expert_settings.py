"""The section `expert` of config.yaml, and the adapter that a policy is."""

from dataclasses import dataclass

from peft import LoraConfig


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
    precision: str = "float32"


def expert_adapter(settings: ExpertSettings) -> LoraConfig:
    """The LoRA configuration of every policy: adapters on all linear maps."""
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
    )

"""The model families that a base may belong to: those with which every stage is tested. Standard library only."""

from mope.errors import MopeError

FAST = ("llama", "mistral", "qwen2", "qwen3")  # one forward pass for all experts of a mixture
ONE_BY_ONE = (  # one forward pass per expert
    "arcee", "bloom", "exaone4", "falcon", "gemma", "gemma2", "gemma3_text", "glm", "glm4", "gpt2", "gpt_bigcode",
    "gpt_neo", "gpt_neox", "gptj", "helium", "ministral", "mpt", "nemotron", "olmo", "olmo2", "olmo3", "opt", "phi",
    "phi3", "seed_oss", "smollm3", "stablelm", "starcoder2",
)  # fmt: skip
TESTED_FAMILIES = (*FAST, *ONE_BY_ONE)


def check_family_type(model_type: str, origin: str) -> None:
    """`MopeError` for a model type (its name in the transformers library) with which the stages are not tested.

    For example, adapters of mixture-of-experts models have a form that the expert pools cannot read, and models without
    a key-value cache cannot be decoded step by step.
    """
    if model_type not in TESTED_FAMILIES:
        known = ", ".join(sorted(TESTED_FAMILIES))
        raise MopeError(f"{origin}: a model of type {model_type} found; one of {known} is expected")

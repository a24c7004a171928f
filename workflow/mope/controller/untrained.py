"""Untrained controllers: from scratch, on a pretrained LLaMA, or with constant weights."""

from pathlib import Path

from mope.controller.controller_settings import ControllerSettings
from mope.controller.pcm import (
    ConstantController,
    ConstantControllerConfig,
    PreferenceController,
    PreferenceControllerConfig,
    TrainableController,
    expert_texts,
    grown_from,
    projected_embeddings,
)
from mope.preferences import Preferences


def new_controller(
    tokenizer, vocabulary: int, preferences: Preferences, settings: ControllerSettings, start: Path | None = None
) -> TrainableController:
    """An untrained controller, which gives all experts equal weights.

    Its backbone is the LLaMA in the folder `start`, or random (None). `vocabulary` is the width of the experts'
    outputs, which may exceed the number of the tokenizer's tokens. With `settings.start: base` the folder is that of
    the base, and the backbone is its first layers; with `embeddings` only its embeddings are used, projected.
    """
    experts = list(preferences.ids)
    if settings.reads == "combination":
        combinations = len(preferences.combinations())
        return ConstantController(ConstantControllerConfig(experts, combinations, mixes=settings.mixes))
    about = {
        "reads": settings.reads,
        "mixes": settings.mixes,
        "expert_texts": expert_texts(tokenizer, preferences) if settings.scores == "texts" else None,
    }
    if settings.reads == "embedding":
        vocabulary = max(vocabulary, len(tokenizer) + len(experts))
    if start is not None and settings.start != "embeddings":
        layers = settings.layers if settings.start == "base" else None
        return grown_from(start, experts, vocabulary, layers, **about)
    config = PreferenceControllerConfig(
        experts,
        **about,
        vocab_size=vocabulary,
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=settings.intermediate,
        max_position_embeddings=2048,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    controller = PreferenceController(config)
    if start is not None:
        controller.model.embed_tokens.weight.data = projected_embeddings(start, vocabulary, settings.hidden)
    return controller

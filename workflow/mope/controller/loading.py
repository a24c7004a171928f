"""Trained controllers, read back for the experts of a pool."""

from pathlib import Path

from transformers import AutoModel, PreTrainedModel

from mope.controller.pcm import expert_texts
from mope.decoding.pool import ExpertPool
from mope.errors import MopeError
from mope.preferences import Preferences


def load_controller(folder: Path, pool: ExpertPool, preferences: Preferences, tokenizer) -> PreTrainedModel:
    """A trained controller; `MopeError` when it was trained for other experts than those of the pool.

    One that scores experts by their texts takes up experts that it has not met in training.
    """
    module = AutoModel.from_pretrained(folder, trust_remote_code=False).to(pool.device).eval()
    trained = list(module.config.experts)
    if getattr(module.config, "expert_texts", None) is not None and set(trained) <= set(pool.names):
        module.config.experts = list(preferences.ids)
        module.config.expert_texts = expert_texts(tokenizer, preferences)
    if list(module.config.experts) != list(pool.names):
        raise MopeError(f"{folder}: trained for experts {trained}, the pool has {list(pool.names)}")
    return module

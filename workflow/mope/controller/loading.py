"""Loads trained controllers for the experts of a pool."""

from pathlib import Path

from transformers import AutoModel, PreTrainedModel

from mope.controller.pcm import expert_texts
from mope.decoding.pool import ExpertPool
from mope.errors import MopeError
from mope.preferences import Preferences


def load_controller(folder: Path, pool: ExpertPool, preferences: Preferences, tokenizer) -> PreTrainedModel:
    """The trained controller in `folder`, in evaluation mode on the pool's device.

    A controller that scores experts by their preference texts (`scores: texts`) also takes experts that it was not
    trained with. `MopeError` where its experts are not those of the pool.
    """
    module = AutoModel.from_pretrained(folder, trust_remote_code=False).to(pool.device).eval()
    trained = list(module.config.experts)
    if getattr(module.config, "expert_texts", None) is not None and set(trained) <= set(pool.names):
        module.config.experts = list(preferences.ids)
        module.config.expert_texts = expert_texts(tokenizer, preferences)
    if list(module.config.experts) != list(pool.names):
        found, expected = ", ".join(trained), ", ".join(pool.names)
        raise MopeError(
            f"{folder}: trained for experts {found}; a controller for {expected}, in this order, is expected"
        )
    return module

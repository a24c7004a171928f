"""The Preference Control Model (PCM): a LLaMA backbone whose last linear layer has one output per expert."""

from dataclasses import dataclass

import torch
from transformers import AutoConfig, AutoModel, LlamaConfig, LlamaModel, PreTrainedModel
from transformers.utils import ModelOutput


class PreferenceControllerConfig(LlamaConfig):
    """A LLaMA configuration and the preferences that the outputs stand for, in order."""

    model_type = "preference_controller"

    def __init__(self, experts: list[str] | None = None, **kwargs):
        super().__init__(**kwargs)
        self.experts = experts or []


@dataclass
class ControllerOutput(ModelOutput):
    """`logits` (B, T, n): weights' logits after each token; `past_key_values` the cache."""

    logits: torch.FloatTensor | None = None
    past_key_values: object | None = None


class PreferenceController(PreTrainedModel):
    """α_i(x, y_<t, ξ; θ) of paper eq. 1, before the softmax over the experts of ξ.

    It reads the chat-formatted instruction with the preference texts of ξ, then the partial answer [gap: the encoding
    of ξ is unpublished]; the logits after the last token read weigh the experts for the next token.
    """

    config_class = PreferenceControllerConfig
    base_model_prefix = "model"
    _supports_sdpa = True

    def __init__(self, config: PreferenceControllerConfig):
        super().__init__(config)
        self.model = LlamaModel(config)
        self.head = torch.nn.Linear(config.hidden_size, len(config.experts))
        self.post_init()
        # Zero logits are uniform weights: training starts from MoPE (Uniform) whatever the seed.
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def forward(
        self, input_ids, attention_mask=None, position_ids=None, past_key_values=None, use_cache=False
    ) -> ControllerOutput:
        """`input_ids` and `attention_mask` (B, T) int64."""
        out = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        return ControllerOutput(logits=self.head(out.last_hidden_state), past_key_values=out.past_key_values)


AutoConfig.register("preference_controller", PreferenceControllerConfig)
AutoModel.register(PreferenceControllerConfig, PreferenceController)

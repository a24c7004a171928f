"""The Preference Control Model (PCM): a LLaMA backbone whose last linear layer has one output per expert."""

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModel, LlamaConfig, LlamaModel, PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from mope.decoding.step_controller import ConstantLogits, LlamaController
from mope.errors import MopeError
from mope.preferences import Preferences


class PreferenceControllerConfig(LlamaConfig):
    """A LLaMA configuration with the meaning of the controller's outputs.

    `experts` are the preferences in the order of the outputs. `reads` says what the controller reads of ξ, and `mixes`
    which experts it weighs (`PromptScheme` in mope/decoding/mixture.py). `expert_texts` are the token ids of each
    preference text if experts are scored by their texts, else None.
    """

    model_type = "preference_controller"

    def __init__(
        self,
        experts: list[str] | None = None,
        reads: str = "text",
        mixes: str = "combination",
        expert_texts: list[list[int]] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.experts = experts or []
        self.reads, self.mixes, self.expert_texts = reads, mixes, expert_texts


def expert_texts(tokenizer, preferences: Preferences) -> list[list[int]]:
    """Token ids of every preference text, by which a controller with `scores: texts` scores the experts."""
    return [tokenizer(preferences.texts[i], add_special_tokens=False)["input_ids"] for i in preferences.ids]


@dataclass
class ControllerOutput(ModelOutput):
    """`logits` (B, T, n) of the n experts' weights after each token, and the key-value cache."""

    logits: torch.FloatTensor | None = None
    past_key_values: object | None = None


class PreferenceController(PreTrainedModel):
    """α_i(x, y_<t, ξ; θ) of paper eq. 1, before the softmax over the experts of ξ.

    It reads the chat-formatted instruction with the preference texts of ξ, then the partial answer; the paper does not
    publish how ξ is encoded. The logits after the last token weigh the experts for the next token. With `expert_texts`
    an expert has no trained output row: its row is computed by backbone and head from the expert's preference text, so
    that experts can be added after training.
    """

    config_class = PreferenceControllerConfig
    base_model_prefix = "model"
    _supports_sdpa = True

    def __init__(self, config: PreferenceControllerConfig):
        super().__init__(config)
        self.model = LlamaModel(config)
        by_text = config.expert_texts is not None
        self.head = torch.nn.Linear(config.hidden_size, config.hidden_size if by_text else len(config.experts))
        self.post_init()
        # Zero logits are uniform weights: training starts from MoPE (Uniform) whatever the seed.
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def output_weights(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Weight (n, H) and bias (n,) of the last layer; with `expert_texts` computed from these, without bias."""
        texts = self.config.expert_texts
        if texts is None:
            return self.head.weight, self.head.bias
        read = [self.model(input_ids=torch.tensor([ids], device=self.device)) for ids in texts]
        return self.head(torch.cat([out.last_hidden_state[:, -1] for out in read])), None

    def forward(
        self, input_ids, attention_mask=None, position_ids=None, past_key_values=None, use_cache=False
    ) -> ControllerOutput:
        """Logits (B, T, n) of the experts' weights; `input_ids` and `attention_mask` are (B, T) int64."""
        out = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        logits = torch.nn.functional.linear(out.last_hidden_state, *self.output_weights())
        return ControllerOutput(logits=logits, past_key_values=out.past_key_values)

    @torch.no_grad()
    def decoder(self) -> LlamaController:
        """The controller in the form that the decode loop runs; make it again after each update of the weights."""
        if self.config.expert_texts is None:
            return LlamaController(self.model, self.head)
        weight, _ = self.output_weights()
        head = torch.nn.Linear(*reversed(weight.shape), bias=False, device=weight.device)
        head.weight.copy_(weight)
        return LlamaController(self.model, head)


def grown_from(
    folder: Path, experts: list[str], vocabulary: int, layers: int | None = None, **about
) -> PreferenceController:
    """An untrained controller on the pretrained LLaMA in `folder`, in float32; it gives all experts equal weights.

    `layers` is the number of the LLaMA's first layers to use (None: all); `MopeError` where it has fewer. `about` holds
    `reads`, `mixes` and `expert_texts` of the configuration. Tokens of the base's `vocabulary` without an embedding in
    the LLaMA begin with its mean embedding.
    """
    body = LlamaModel.from_pretrained(folder, dtype=torch.float32)
    if layers is not None:
        if layers > len(body.layers):
            raise MopeError(f"controller.layers: {layers} found, {folder} has only {len(body.layers)} layers")
        body.layers = body.layers[:layers]
        body.config.num_hidden_layers = layers
        if getattr(body.config, "layer_types", None):
            body.config.layer_types = body.config.layer_types[:layers]
    if body.config.vocab_size < vocabulary:
        body.embed_tokens = torch.nn.Embedding.from_pretrained(
            enlarged(body.embed_tokens.weight.detach(), vocabulary), freeze=False
        )
        body.config.vocab_size = vocabulary
    shape = {key: value for key, value in body.config.to_dict().items() if key not in ("model_type", "architectures")}
    controller = PreferenceController(PreferenceControllerConfig(experts, **about, **shape))
    controller.model.load_state_dict(body.state_dict())
    return controller


def enlarged(embeddings: torch.Tensor, vocabulary: int) -> torch.Tensor:
    """Embeddings (n, H) extended to `vocabulary` rows, the new ones being their mean; unchanged if n is larger."""
    missing = max(0, vocabulary - len(embeddings))
    return torch.cat([embeddings, embeddings.mean(dim=0, keepdim=True).expand(missing, -1)])


def projected_embeddings(folder: Path, vocabulary: int, hidden: int) -> torch.Tensor:
    """Embeddings of the model in `folder` on their first `hidden` principal components: (vocabulary, hidden).

    They are scaled to the standard deviation of randomly initialised embeddings, so that training starts alike.
    `MopeError` where `hidden` exceeds the width of the model's embeddings.
    """
    known = (
        AutoModel.from_pretrained(folder, dtype=torch.float32, trust_remote_code=False)
        .get_input_embeddings()
        .weight.detach()
    )
    if hidden > known.shape[1]:
        raise MopeError(
            f"controller.hidden: {hidden} found, at most {known.shape[1]} is expected with start: embeddings"
        )
    centred = known - known.mean(dim=0)
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -hidden:]  # (H, hidden), by increasing variance
    projected = centred @ directions
    return enlarged(projected * (LlamaConfig().initializer_range / projected.std()), vocabulary)


class ConstantControllerConfig(PretrainedConfig):
    """`experts`: the preferences in the order of the outputs; `combinations`: the number of different ξ."""

    model_type = "constant_controller"

    def __init__(
        self,
        experts: list[str] | None = None,
        combinations: int = 0,
        reads: str = "combination",
        mixes: str = "combination",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.experts, self.combinations = experts or [], combinations
        self.reads, self.mixes = reads, mixes


class ConstantController(PreTrainedModel):
    """One learned weight vector per ξ, independent of instruction and answer: a baseline for the PCM."""

    config_class = ConstantControllerConfig

    def __init__(self, config: ConstantControllerConfig):
        super().__init__(config)
        self.table = torch.nn.Parameter(torch.zeros(config.combinations, len(config.experts)))
        self.post_init()

    def forward(self, input_ids, **_) -> ControllerOutput:
        """Logits (B, T, n); of `input_ids` (B, T) only the first column counts, which holds the number of ξ."""
        return ControllerOutput(logits=self.table[input_ids[:, :1]].expand(-1, input_ids.shape[1], -1))

    def decoder(self) -> ConstantLogits:
        """The weights in the form that the decode loop uses."""
        return ConstantLogits(self.table)


for config, model in (
    (PreferenceControllerConfig, PreferenceController),
    (ConstantControllerConfig, ConstantController),
):
    AutoConfig.register(config.model_type, config)
    AutoModel.register(config, model)


TrainableController = PreferenceController | ConstantController

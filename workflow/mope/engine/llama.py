"""The forward pass of LLaMA-shaped models, without the overhead that a general library pays at every step.

The same arithmetic as `transformers`' LlamaModel (tests compare them), with projections that read the same input
joined into one matrix product, keys and values in preallocated buffers, and a place for adapters.
"""

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from transformers.activations import ACT2FN

from mope.engine.fixed_cache import FixedCache
from mope.engine.kv_cache import KeyValueCache
from mope.engine.linear import Linear
from mope.errors import MopeError

FAMILIES = {"LlamaModel", "MistralModel", "Qwen2Model", "Qwen3Model"}
# Projections that read the same input are joined; the groups of a layer, in the order in which they run.
GROUPS = (
    ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    ("self_attn.o_proj",),
    ("mlp.gate_proj", "mlp.up_proj"),
    ("mlp.down_proj",),
)


@dataclass(frozen=True)
class LlamaLayer:
    """Weights of one layer; `joined` has one linear map for each of GROUPS."""

    norms: tuple[torch.Tensor, torch.Tensor]
    joined: tuple[Linear, ...]
    head_norms: tuple[torch.Tensor, torch.Tensor] | None


class Llama:
    """Inference-only copy of a Hugging Face decoder (the module without its language-model head).

    Build it again after an update of the module: some weights are copied, others are shared.
    """

    def __init__(self, model):
        check_family(model)
        config = model.config
        self.hidden = config.hidden_size
        self.eps = config.rms_norm_eps
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.activation = ACT2FN[config.hidden_act]
        self.embedding = model.embed_tokens.weight.detach()
        self.norm = model.norm.weight.detach()
        self.layers = [read_layer(layer) for layer in model.layers]
        self.dtype, self.device = self.embedding.dtype, self.embedding.device
        # CPU kernels for attention in bfloat16 repack both operands: five times slower than float32 (torch 2.13).
        self.cache_dtype = torch.float32 if self.device.type == "cpu" and self.dtype == torch.bfloat16 else self.dtype
        # Of the keys and values of one row.
        self.bytes_per_token = 2 * len(self.layers) * self.kv_heads * self.head_size * self.cache_dtype.itemsize
        self.rotary = model.rotary_emb
        self.cos = self.sin = self.embedding.new_empty(0, self.head_size)

    def new_cache(self, lengths: list[int]) -> KeyValueCache:
        """Empty cache for rows of these prompt lengths."""
        return KeyValueCache(lengths, len(self.layers), self.kv_heads, self.head_size, self.cache_dtype, self.device)

    def rotation(self, positions: torch.Tensor, longest: int) -> tuple[torch.Tensor, torch.Tensor]:
        """cos and signed sin (R, T, 1, head size) such that x·cos + roll(x)·sin rotates x to its position."""
        if longest > len(self.cos):
            count = max(512, 2 * longest)
            cos, sin = self.rotary(self.embedding, torch.arange(count, device=self.device)[None])
            half = self.head_size // 2
            self.cos, self.sin = cos[0], torch.cat((-sin[0, :, :half], sin[0, :, half:]), dim=-1)
        return self.cos[positions].unsqueeze(2), self.sin[positions].unsqueeze(2)

    def layers_between(self, first: int, end: int | None = None) -> "Llama":
        """A model of the layers from `first` on, up to `end`, which shares their weights."""
        part = copy.copy(self)
        part.layers = self.layers[first:end]
        part.bytes_per_token = self.bytes_per_token // len(self.layers) * len(part.layers)
        return part

    def forward(self, tokens: torch.Tensor, cache: KeyValueCache | FixedCache, adapters=None) -> torch.Tensor:
        """Append tokens (R, T), int64, to the cache; returns the last token's final hidden state (R, H).

        `adapters.add_(y, x, slot)` adds the adapters' share to y, the output of joined projection
        `slot` = 4 · layer + group for the input x.
        """
        return self.last(self.through(self.embed(tokens), cache, adapters))

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Embeddings (R, T, H) of tokens (R, T), int64."""
        return F.embedding(tokens, self.embedding)

    def last(self, x: torch.Tensor) -> torch.Tensor:
        """The final hidden state (R, H) of the last token, from hidden states (R, T, H) after all layers."""
        return self.rms_norm(x[:, -1], self.norm)

    def through(self, x: torch.Tensor, cache: KeyValueCache | FixedCache, adapters=None) -> torch.Tensor:
        """Hidden states (R, T, H) after the layers, of x (R, T, H) before them; keys and values go to the cache."""
        rows, count, _ = x.shape
        start = cache.extend(count)
        half, queries = self.head_size // 2, self.heads + self.kv_heads
        cos, sin = self.rotation(cache.positions(start), cache.length)
        mask = cache.mask(start)
        shared = self.heads // self.kv_heads
        if mask is not None and shared > 1 and count > 1:
            mask = mask.repeat(1, 1, shared, 1)

        def project(x: torch.Tensor, layer: int, group: int) -> torch.Tensor:
            y = self.layers[layer].joined[group](x)
            if adapters is not None:
                adapters.add_(y, x, 4 * layer + group)
            return y

        for i, layer in enumerate(self.layers):
            qkv = project(self.rms_norm(x, layer.norms[0]), i, 0).view(rows, count, -1, self.head_size)
            qk = qkv[:, :, :queries]
            if layer.head_norms is not None:
                pair = zip(qk.split((self.heads, self.kv_heads), dim=2), layer.head_norms)
                qk = torch.cat([self.rms_norm(part, weight) for part, weight in pair], dim=2)
            qk = torch.addcmul(qk * cos, qk.roll(half, -1), sin)
            new = qk[:, :, self.heads :].transpose(1, 2), qkv[:, :, queries:].transpose(1, 2)
            keys, values = cache.write(i, start, *new)
            # Query heads that share a key head are read as further queries: (R, kv heads, share * T, head size).
            q = qk[:, :, : self.heads].transpose(1, 2).reshape(rows, self.kv_heads, shared * count, self.head_size)
            seen = attend(q.to(keys.dtype), keys, values, mask).to(x.dtype)
            seen = seen.view(rows, self.heads, count, self.head_size).transpose(1, 2).reshape(rows, count, -1)
            x = x + project(seen, i, 1)
            gate, up = project(self.rms_norm(x, layer.norms[1]), i, 2).chunk(2, dim=-1)
            x = x + project(self.activation(gate) * up, i, 3)
        return x

    def rms_norm(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """x (..., H) divided by its root mean square over the last dimension, times weight (H,)."""
        return F.rms_norm(x, weight.shape, weight, self.eps)


def attend(q: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """softmax(q k^T / sqrt(d) + mask) v; all (R, heads, tokens, d), the mask (R, 1, queries, keys).

    Few queries on a CPU: two batched products are up to twice as fast as the fused kernel (torch 2.13).
    """
    if q.device.type != "cpu" or q.shape[2] > 8:
        return F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
    scores = torch.matmul(q * q.shape[-1] ** -0.5, keys.transpose(2, 3))
    if mask is not None:
        scores += mask
    return torch.matmul(scores.softmax(dim=-1), values)


def check_family(model) -> None:
    """`MopeError` for a decoder that the forward pass above does not compute."""
    config, found = model.config, None
    if type(model).__name__ not in FAMILIES:
        found = f"a {type(model).__name__}; one of {sorted(FAMILIES)} is needed"
    elif "sliding_attention" in (getattr(config, "layer_types", None) or []) or (
        type(model).__name__ == "MistralModel" and config.sliding_window is not None
    ):
        found = "sliding-window attention"
    elif config.rope_parameters["rope_type"] in {"dynamic", "longrope"}:
        found = f"rope_type {config.rope_parameters['rope_type']!r}, which depends on the length of the text"
    if found:
        raise MopeError(f"shared base model: {found}; use separate models instead")


def read_layer(layer) -> LlamaLayer:
    """Join the projections of one Hugging Face decoder layer."""
    attention = layer.self_attn
    head_norms = (
        (attention.q_norm.weight.detach(), attention.k_norm.weight.detach()) if hasattr(attention, "q_norm") else None
    )
    return LlamaLayer(
        norms=(layer.input_layernorm.weight.detach(), layer.post_attention_layernorm.weight.detach()),
        joined=tuple(joined_linear([layer.get_submodule(name) for name in names]) for names in GROUPS),
        head_norms=head_norms,
    )


def joined_linear(linears: list) -> Linear:
    """One linear map that gives the outputs of several maps of the same input, one after the other."""
    weight = torch.cat([linear.weight.detach() for linear in linears])
    return Linear(weight, None if linears[0].bias is None else torch.cat([linear.bias.detach() for linear in linears]))

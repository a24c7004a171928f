"""Tiny random models for the decoding tests, and the naive loop that the decoder must equal."""

import copy

import torch
from transformers import LlamaConfig, LlamaForCausalLM, LlamaModel

from mope.decoding.request import Request
from mope.decoding.turn_ends import TurnEnds
from mope.engine.lora import Adapter, LoraFactors

VOCABULARY = 61
EOS, PAD = 1, 0
ENDS = TurnEnds((EOS,), PAD)
ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def tiny_config(**changes) -> LlamaConfig:
    options = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.3,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "bos_token_id": None,
        "tie_word_embeddings": True,
    }
    return LlamaConfig(**(options | changes))


def tiny_model(seed: int, **changes) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    return LlamaForCausalLM(tiny_config(**changes)).eval()


def random_adapter(
    model, seed: int, rank: int = 4, names=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
):
    """In-memory adapter on the linear maps of these names."""
    generator = torch.Generator().manual_seed(seed)
    adapter = {}
    for name, module in model.get_decoder().named_modules():
        if name.split(".")[-1] in names:
            a = torch.randn(rank, module.in_features, generator=generator) * 0.2
            b = torch.randn(module.out_features, rank, generator=generator) * 0.2
            adapter[name] = LoraFactors(a, b, 2.0)
    return adapter


class TinyController(torch.nn.Module):
    """The controller's contract: a LLaMA body and a linear head with one output per expert."""

    def __init__(self, seed: int, outputs: int):
        super().__init__()
        torch.manual_seed(seed)
        self.config = tiny_config(hidden_size=16, num_hidden_layers=1)
        self.model = LlamaModel(self.config)
        self.head = torch.nn.Linear(16, outputs)
        torch.nn.init.normal_(self.head.weight, std=1.0)

    @property
    def device(self):
        return self.head.weight.device

    def forward(self, input_ids, attention_mask=None, position_ids=None, past_key_values=None, use_cache=None):
        out = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        out.logits = self.head(out.last_hidden_state)
        return out


def merged(model, adapter: Adapter):
    """A copy of the model with the adapter added to its weights: an expert in its plainest form."""
    model = copy.deepcopy(model)
    for name, pair in adapter.items():
        model.get_decoder().get_submodule(name).weight.data += pair.scale * pair.b @ pair.a
    return model


@torch.no_grad()
def naive_answer(models, mixer, request: Request, choose, controller=None, forbid=None) -> list[int]:
    """One request, no cache, no batch: every model reads the whole text again for every token.

    `choose` maps a log-distribution (V,) and the step to a token; `forbid(tokens)` lists tokens that may not come next.
    """
    tokens: list[int] = []
    present = torch.ones(1, len(request.experts), dtype=torch.bool)
    experts = torch.tensor([list(request.experts)])
    while len(tokens) < request.max_new_tokens:
        rows = [
            models[expert](torch.tensor([[*prompt, *tokens]])).logits[0, -1].log_softmax(-1)
            for expert, prompt in zip(request.experts, request.prompts)
        ]
        given = None if request.weights is None else torch.tensor([list(request.weights)])
        if controller is not None:
            logits = controller(torch.tensor([[*request.controller_ids, *tokens]])).logits[0, -1]
            given = logits[list(request.experts)].softmax(-1)[None]
        mixed = mixer.mix(torch.stack(rows)[None], mixer.weights(experts, present, given), None)[0]
        banned = [EOS] if len(tokens) < request.min_new_tokens else []
        mixed[banned + (forbid(tokens) if forbid else [])] = float("-inf")
        tokens.append(choose(mixed, len(tokens)))
        if tokens[-1] == EOS:
            break
    return tokens

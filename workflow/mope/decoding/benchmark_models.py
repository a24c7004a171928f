"""The models that the decoding benchmark runs: those of a run, and a random LLaMA of the 136 M class."""

from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, LlamaModel, PreTrainedModel

from mope.decoding.lora import Adapter, Pair, read_adapter
from mope.errors import MopeError
from mope.training import controller_model  # noqa: F401 (registers the controller with AutoModel)


@dataclass(frozen=True)
class Parts:
    """A base model, six experts' adapters in two poles per dimension, and a controller of body and head (float32)."""

    name: str
    base: PreTrainedModel
    adapters: dict[str, Adapter]
    controller: LlamaModel
    head: torch.nn.Linear


def combinations(names: list[str]) -> list[list[int]]:
    """All 8 combinations of six experts that are ordered by dimension."""
    if len(names) != 6:
        raise MopeError(f"benchmark: six experts in three dimensions are needed, found {', '.join(names)}")
    return [[a, 2 + b, 4 + c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]


def trained_parts(name: str, base: Path, experts: dict[str, Path], controller: Path) -> Parts:
    """The parts of a run, from its folders."""
    module = AutoModel.from_pretrained(controller)
    adapters = {expert: read_adapter(folder) for expert, folder in experts.items()}
    return Parts(name, AutoModelForCausalLM.from_pretrained(base), adapters, module.model, module.head)


def random_parts(name: str, shape: dict, body: dict, targets: tuple[str, ...], rank: int, seed: int) -> Parts:
    """Random weights; `shape` and `body` are LlamaConfig keys of the base and the controller's body."""
    torch.manual_seed(seed)
    base = LlamaForCausalLM(LlamaConfig(**shape)).eval()
    adapters = {f"expert{i}": random_adapter(base, targets, rank) for i in range(6)}
    controller = LlamaModel(LlamaConfig(vocab_size=shape["vocab_size"], **body)).eval()
    return Parts(name, base, adapters, controller, torch.nn.Linear(controller.config.hidden_size, 6))


def llama_136m(seed: int) -> Parts:
    """12 x 768, vocabulary 32000, untied: 134 M parameters. The controller has 3.5 M, 2.6 % of the base.

    Adapters of rank 16 on q and v: PEFT's default for LLaMA.
    """
    shape = {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12}
    body = {"hidden_size": 96, "intermediate_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4}
    return random_parts("llama-136m", shape | {"vocab_size": 32000}, body, ("q_proj", "v_proj"), 16, seed)


def random_adapter(base: PreTrainedModel, targets: tuple[str, ...], rank: int) -> Adapter:
    """Gaussian factors on the linear maps whose last name is in `targets`."""
    return {
        name: Pair(torch.randn(rank, module.in_features) * 0.02, torch.randn(module.out_features, rank) * 0.02, 2.0)
        for name, module in base.get_decoder().named_modules()
        if name.split(".")[-1] in targets
    }


def peft_model(parts: Parts) -> torch.nn.Module:
    """The same adapters in PEFT's own layers, on the same base (which they change)."""
    adapters = list(parts.adapters.items())
    pair = next(iter(adapters[0][1].values()))
    rank = pair.a.shape[0]
    targets = sorted({name.split(".")[-1] for name in adapters[0][1]})
    config = LoraConfig(task_type="CAUSAL_LM", r=rank, lora_alpha=int(pair.scale * rank), target_modules=targets)
    model = get_peft_model(parts.base, config, adapter_name=adapters[0][0])
    for name, _ in adapters[1:]:
        model.add_adapter(name, config)
    for name, adapter in adapters:
        for module, factors in adapter.items():
            layer = model.base_model.model.get_decoder().get_submodule(module)
            layer.lora_A[name].weight.data.copy_(factors.a)
            layer.lora_B[name].weight.data.copy_(factors.b)
    return model.eval()

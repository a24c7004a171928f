"""The models that the benchmarks run: those of a run, and LLaMAs of random weights."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoModelForCausalLM, LlamaConfig, LlamaModel, PreTrainedModel

from mope.controller import pcm  # noqa: F401 (registers the controller with AutoModel)
from mope.engine.lora import Adapter, LoraFactors, read_adapter
from mope.errors import MopeError
from mope.provenance.artifact import require
from mope.runtime.cli import named_path


@dataclass(frozen=True)
class Parts:
    """A base model, the adapters of experts, two of each dimension, and a controller of body and head.

    The models are on the device in `dtype`; adapters are float32 on the CPU.
    """

    name: str
    dtype: torch.dtype
    base: PreTrainedModel
    adapters: dict[str, Adapter]
    controller: LlamaModel
    head: torch.nn.Linear


EXPERTS = 6  # of models of random weights
RUN = "run"  # the name of a run's own model among those to measure
Make = Callable[[torch.dtype, str], Parts]  # (dtype, device) -> models of that dtype on that device


def combinations(names: list[str]) -> list[list[int]]:
    """All combinations, as places among the experts `names`, which are ordered by dimension, two of each.

    There are 8 of three dimensions, 16 of four. `MopeError` unless there are six experts or eight.
    """
    if len(names) not in (6, 8):
        raise MopeError(f"benchmark: two experts in each of 3 or 4 dimensions are needed, found {', '.join(names)}")
    return [list(members) for members in product(*((first, first + 1) for first in range(0, len(names), 2)))]


def benchmark_options(parser: argparse.ArgumentParser) -> None:
    """Options for the models of a run, which only benchmarks of the model `run` need."""
    parser.add_argument("--name", default="run", help="what to call the run's model")
    parser.add_argument("--base", type=Path)
    parser.add_argument(
        "--experts", type=named_path, action="append", default=[], help="PREFERENCE=FOLDER, two of each dimension"
    )
    parser.add_argument("--controller", type=Path)


def chosen_models(names: Sequence[str], seed: int, args: argparse.Namespace) -> tuple[list[Make], list[Path]]:
    """For each name, `run` or one of SHAPES, a function that makes the models; and the artifacts that are read.

    Models of random weights have as many experts as the run, or six.
    """
    random = {"experts": len(args.experts) if RUN in names else EXPERTS}
    makes, inputs = [partial(random_parts, name, SHAPES[name], seed, **random) for name in names if name != RUN], []
    if RUN in names:
        inputs = [args.base, *(folder for _, folder in args.experts), args.controller]
        for path in inputs:
            require(path)
        makes.insert(
            names.index(RUN), partial(trained_parts, args.base, dict(args.experts), args.controller, args.name)
        )
    return makes, inputs


def trained_parts(
    base: Path, experts: dict[str, Path], controller: Path, name: str, dtype: torch.dtype, device
) -> Parts:
    """The parts of a run, from its folders."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, trust_remote_code=False).to(device)
    module = AutoModel.from_pretrained(controller, trust_remote_code=False).to(device, dtype)
    adapters = {expert: read_adapter(folder) for expert, folder in experts.items()}
    return Parts(name, dtype, model, adapters, module.model, module.head)


@dataclass(frozen=True)
class RandomShape:
    """LlamaConfig keys of a base and of its controller's body; adapters of `rank` act on `targets` of the base."""

    base: dict
    body: dict
    rank: int = 16
    targets: tuple[str, ...] = ("q_proj", "v_proj")  # PEFT's default for LLaMA


def llama(hidden: int, intermediate: int, layers: int, heads: int) -> dict:
    """The sizes by their keys in a LlamaConfig."""
    sizes = {"hidden_size": hidden, "intermediate_size": intermediate}
    return sizes | {"num_hidden_layers": layers, "num_attention_heads": heads}


SHAPES = {
    # Untied, 134 M parameters. The controller has 3.5 M, 2.6 % of the base.
    "llama-136m": RandomShape(
        {"vocab_size": 32000, **llama(hidden=768, intermediate=2048, layers=12, heads=12)},
        llama(hidden=96, intermediate=256, layers=4, heads=4),
    ),
    # LLaMA 7 B, and the paper's size of controller: 110 M without an output over the vocabulary.
    "llama-7b": RandomShape(
        {"vocab_size": 32000, **llama(hidden=4096, intermediate=11008, layers=32, heads=32)},
        llama(hidden=768, intermediate=2048, layers=12, heads=12),
    ),
}


def random_parts(name: str, shape: RandomShape, seed: int, dtype: torch.dtype, device, experts: int = EXPERTS) -> Parts:
    """Models of random weights, made in their final dtype on the device: 7 B may fit in bfloat16, not in float32."""
    torch.manual_seed(seed)
    config, body = LlamaConfig(**shape.base), LlamaConfig(vocab_size=shape.base["vocab_size"], **shape.body)
    with torch.device(device):
        base = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False).eval()
        controller = AutoModel.from_config(body, dtype=dtype, trust_remote_code=False).eval()
        head = torch.nn.Linear(body.hidden_size, experts, dtype=dtype)
    adapters = {f"expert{i}": random_adapter(base, shape.targets, shape.rank) for i in range(experts)}
    return Parts(name, dtype, base, adapters, controller, head)


def random_adapter(base: PreTrainedModel, targets: tuple[str, ...], rank: int) -> Adapter:
    """Gaussian factors on the linear maps whose last name is in `targets`."""
    return {
        name: LoraFactors(
            torch.randn(rank, module.in_features) * 0.02, torch.randn(module.out_features, rank) * 0.02, 2.0
        )
        for name, module in base.get_decoder().named_modules()
        if name.split(".")[-1] in targets
    }


def peft_model(parts: Parts) -> torch.nn.Module:
    """The same adapters in PEFT's own layers, which replace layers of the base of `parts`."""
    adapters = list(parts.adapters.items())
    pair = next(iter(adapters[0][1].values()))
    rank = pair.a.shape[0]
    targets = sorted({name.split(".")[-1] for name in adapters[0][1]})
    config = LoraConfig(task_type="CAUSAL_LM", r=rank, lora_alpha=int(pair.scale * rank), target_modules=targets)
    plain = {"autocast_adapter_dtype": False}  # else PEFT computes its adapters in float32, whatever the base is in
    model = get_peft_model(parts.base, config, adapter_name=adapters[0][0], **plain)
    for name, _ in adapters[1:]:
        model.add_adapter(name, config, **plain)
    for name, adapter in adapters:
        for module, factors in adapter.items():
            layer = model.base_model.model.get_decoder().get_submodule(module)
            layer.lora_A[name].weight.data.copy_(factors.a)
            layer.lora_B[name].weight.data.copy_(factors.b)
    return model.eval()

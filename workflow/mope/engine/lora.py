"""LoRA adapters: read from a folder, stacked, and added to a whole batch by two batched matrix products."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mope.engine.adapter_config import read_adapter_config
from mope.engine.linear import Linear
from mope.engine.llama import GROUPS, Llama
from mope.errors import MopeError


@dataclass(frozen=True)
class LoraFactors:
    """One module's update of its weight: scale · b @ a, with a (r, inputs) and b (outputs, r)."""

    a: torch.Tensor
    b: torch.Tensor
    scale: float


Adapter = dict[str, LoraFactors]  # module name as in "layers.0.self_attn.q_proj" -> its pair


def strengthened(adapter: Adapter, factor: float) -> Adapter:
    """The adapter with its update of every weight times `factor`."""
    return {name: replace(pair, scale=factor * pair.scale) for name, pair in adapter.items()}


def experts_at(strength: float, folders: Mapping[str, Path]) -> dict[str, Path | Adapter]:
    """The experts in these folders, their updates times `strength`; at strength 1 the folders themselves."""
    if strength == 1:
        return dict(folders)
    return {name: strengthened(read_adapter(folder), strength) for name, folder in folders.items()}


def read_adapter(folder: str | Path) -> Adapter:
    """Adapter of a PEFT folder, as float32 tensors on the CPU; `MopeError` unless it holds LoRA factors alone."""
    adapter, others = read_tensors(folder)
    if others:
        raise MopeError(f"{folder}: holds {sorted(others)} besides LoRA factors; an expert adapter has none")
    return adapter


def read_reward_adapter(folder: str | Path) -> tuple[Adapter, torch.Tensor]:
    """Adapter and score head (H,) of a PEFT folder that was trained for sequence classification with one label.

    Both float32. `MopeError` unless the folder holds LoRA factors and one such head.
    """
    adapter, others = read_tensors(folder)
    heads = [tensor for name, tensor in others.items() if name.endswith("score.weight")]
    if len(others) != 1 or len(heads) != 1 or heads[0].shape[0] != 1:
        raise MopeError(f"{folder}: found {sorted(others)} besides LoRA factors; one score head is needed")
    return adapter, heads[0][0].float()


def read_tensors(folder: str | Path) -> tuple[Adapter, dict[str, torch.Tensor]]:
    """LoRA pairs of a PEFT folder, and its other tensors by name; `MopeError` names a file that cannot be used."""
    folder = Path(folder)
    config, file = read_adapter_config(folder), folder / "adapter_model.safetensors"
    if not file.is_file():
        pickled = folder / "adapter_model.bin"
        found = f"{pickled}: a pickled adapter" if pickled.exists() else f"{file}: not found"
        raise MopeError(f"{found}; a PEFT adapter folder with safetensors was expected")
    try:
        return split_tensors(load_file(file), config)
    except (OSError, SafetensorError) as error:
        raise MopeError(f"{file}: cannot be read ({error}); the whole file is expected") from None
    except LookupError as error:
        raise MopeError(f"{file}: {error.args[0]}") from None


def split_tensors(tensors: Mapping[str, torch.Tensor], config: Mapping) -> tuple[Adapter, dict[str, torch.Tensor]]:
    """LoRA pairs of a PEFT state dict, and its other tensors by name; `config` holds lora_alpha and use_rslora.

    `LookupError` for a factor without the one that it is multiplied by.
    """
    adapter, others = {}, {}
    for name, tensor in tensors.items():
        module, found, _ = name.partition(".lora_A.")
        if found:
            other = name.replace(".lora_A.", ".lora_B.")
            rank = tensor.shape[0] if tensor.dim() == 2 else 0
            if not rank or other not in tensors or tensors[other].shape[1:] != (rank,):
                raise LookupError(f"{name} has no matrix {other} of {rank} columns; pairs of factors are expected")
            scale = config["lora_alpha"] / (rank**0.5 if config.get("use_rslora") else rank)
            adapter[local_name(module)] = LoraFactors(tensor.float(), tensors[other].float(), scale)
        elif ".lora_B." not in name or name.replace(".lora_B.", ".lora_A.") not in tensors:
            others[name] = tensor
    return adapter, others


def local_name(module: str) -> str:
    """A module's name from its layer on, as in "layers.0.self_attn.q_proj"; outside of layers its name in the model."""
    start = module.find("layers.")
    return module[start:] if start >= 0 else module.removeprefix("base_model.model.")


@dataclass(frozen=True)
class LoraPart:
    """One projection in a joined one: it reads the columns `low` of x @ down and writes the columns `out` of y."""

    low: slice
    out: slice
    up: torch.Tensor  # (n, r, outputs), the scale included


@dataclass(frozen=True)
class LoraStack:
    """n adapters of one joined projection: `down` (n, inputs, sum of ranks), then a part for each of its projections.

    Smaller ranks are padded with zeros; `factors` is how many numbers the adapters have without this padding.
    """

    down: torch.Tensor
    parts: tuple[LoraPart, ...]
    factors: int

    def select(self, adapters: torch.Tensor) -> "LoraStack":
        """The stack of the adapters with these numbers alone, int64 (m,)."""
        parts = tuple(LoraPart(part.low, part.out, part.up[adapters]) for part in self.parts)
        return LoraStack(self.down[adapters], parts, self.factors)


def stack_adapters(llama: Llama, adapters: list[Adapter]) -> list[LoraStack | None]:
    """One stack per joined projection (4 per layer), None where no adapter acts.

    Where only some act, the factors of the others are zero. `MopeError` where an adapter acts on a module that the base
    model does not have.
    """
    known = {f"layers.{i}.{name}" for i in range(len(llama.layers)) for names in GROUPS for name in names}
    for unknown in sorted({name for adapter in adapters for name in adapter} - known):
        raise MopeError(f"adapter module {unknown}: the base model has no such projection; one of its own is expected")
    stacks = []
    for i, layer in enumerate(llama.layers):
        for names, linear in zip(GROUPS, layer.joined, strict=True):
            pairs = [[adapter.get(f"layers.{i}.{name}") for name in names] for adapter in adapters]
            stacks.append(stack_group(pairs, projection_widths(llama, names, linear), linear))
    return stacks


def projection_widths(llama: Llama, names: tuple[str, ...], linear: Linear) -> list[int]:
    """Outputs of each of the projections joined in `linear`."""
    if len(names) == 3:
        return [llama.heads * llama.head_size] + 2 * [llama.kv_heads * llama.head_size]
    return [linear.outputs // len(names)] * len(names)


def stack_group(pairs: list[list[LoraFactors | None]], widths: list[int], linear: Linear) -> LoraStack | None:
    """Stack of one joined projection; `pairs` is [adapter][projection]."""
    downs, parts, low, out = [], [], 0, 0
    for column, width in enumerate(widths):
        own = [row[column] for row in pairs]
        rank = max((pair.a.shape[0] for pair in own if pair), default=0)
        if rank:
            down, up = torch.zeros(len(own), linear.inputs, rank), torch.zeros(len(own), rank, width)
            for n, pair in enumerate(own):
                if pair:
                    down[n, :, : pair.a.shape[0]] = pair.a.T
                    up[n, : pair.a.shape[0]] = pair.b.T * pair.scale
            downs.append(down)
            place = (slice(low, low + rank), slice(out, out + width))
            parts.append(LoraPart(*place, up.to(linear.device, linear.dtype)))
        low, out = low + rank, out + width
    if not parts:
        return None
    factors = sum(pair.a.numel() + pair.b.numel() for row in pairs for pair in row if pair)
    return LoraStack(torch.cat(downs, dim=2).to(linear.device, linear.dtype), tuple(parts), factors)


class AdapterBatch:
    """The adapters of a batch whose rows are ordered by adapter.

    Naive equivalent of `add_`: for each row and projection, y += (x @ down[its adapter]) @ up[its adapter].
    """

    def __init__(self, stacks: list[LoraStack | None], experts: torch.Tensor):
        """`experts` (R,): the adapter of each row, ascending."""
        active, counts = experts.unique_consecutive(return_counts=True)
        self.active, self.size = len(active), int(counts.max())
        self.gather = self.scatter = None
        if len(experts) != self.active * self.size:
            # Unequal groups are filled up with copies of row 0, whose results nobody reads.
            group = torch.repeat_interleave(torch.arange(self.active, device=experts.device), counts)
            first = counts.cumsum(0) - counts
            self.scatter = group * self.size + torch.arange(len(experts), device=experts.device) - first[group]
            self.gather = torch.zeros(self.active * self.size, dtype=torch.long, device=experts.device)
            self.gather[self.scatter] = torch.arange(len(experts), device=experts.device)
        whole = all(stack is None or len(stack.down) == self.active for stack in stacks)
        self.stacks = [stack if stack is None or whole else stack.select(active) for stack in stacks]

    def add_(self, y: torch.Tensor, x: torch.Tensor, slot: int) -> None:
        """Add to y (R, T, outputs) what the rows' adapters make of x (R, T, inputs)."""
        stack = self.stacks[slot]
        if stack is None:
            return
        rows = x if self.gather is None else x[self.gather]
        low = torch.bmm(rows.view(self.active, -1, x.shape[-1]), stack.down)
        for part in stack.parts:
            share = torch.bmm(low[:, :, part.low], part.up).view(-1, *y.shape[1:-1], part.up.shape[2])
            y[..., part.out].add_(share if self.scatter is None else share[self.scatter])  # += would copy once more

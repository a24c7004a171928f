"""LoRA adapters: read from a folder, stacked, and added to a whole batch by two batched matrix products."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from mope.decoding.linear import Linear
from mope.decoding.llama import GROUPS, Llama
from mope.errors import MopeError


@dataclass(frozen=True)
class Pair:
    """One module's update of its weight: scale · b @ a, with a (r, inputs) and b (outputs, r)."""

    a: torch.Tensor
    b: torch.Tensor
    scale: float


Adapter = dict[str, Pair]  # module name as in "layers.0.self_attn.q_proj" -> its pair


def read_adapter(folder: str | Path) -> Adapter:
    """Adapter of a PEFT folder, as float32 tensors on the CPU."""
    adapter, others = read_tensors(folder)
    if others:
        raise MopeError(f"{folder}: holds {sorted(others)} besides LoRA factors; an expert adapter has none")
    return adapter


def read_reward_adapter(folder: str | Path) -> tuple[Adapter, torch.Tensor]:
    """Adapter and score head (H,) of a PEFT folder that was trained for sequence classification with one label."""
    adapter, others = read_tensors(folder)
    heads = [tensor for name, tensor in others.items() if name.endswith("score.weight")]
    if len(others) != 1 or len(heads) != 1 or heads[0].shape[0] != 1:
        raise MopeError(f"{folder}: found {sorted(others)} besides LoRA factors; one score head with one label is needed")
    return adapter, heads[0][0].float()


def read_tensors(folder: str | Path) -> tuple[Adapter, dict[str, torch.Tensor]]:
    """LoRA pairs of a PEFT folder, and its other tensors by name."""
    folder = Path(folder)
    try:
        config = json.loads((folder / "adapter_config.json").read_text())
        tensors = load_file(folder / "adapter_model.safetensors")
    except FileNotFoundError as error:
        raise MopeError(f"{error.filename}: not found; a PEFT adapter folder was expected") from None
    for key, plain in {"peft_type": "LORA", "use_dora": False, "bias": "none", "alpha_pattern": {}}.items():
        if config.get(key, plain) != plain:
            raise MopeError(f"{folder}/adapter_config.json: {key} is {config[key]!r}, only {plain!r} is supported")
    adapter, others = {}, {}
    for name, tensor in tensors.items():
        module, found, _ = name.partition(".lora_A.")
        if found:
            rank = tensor.shape[0]
            scale = config["lora_alpha"] / (rank**0.5 if config.get("use_rslora") else rank)
            b = tensors[name.replace(".lora_A.", ".lora_B.")]
            adapter[module[module.index("layers.") :]] = Pair(tensor.float(), b.float(), scale)
        elif ".lora_B." not in name:
            others[name] = tensor
    return adapter, others


@dataclass(frozen=True)
class Stack:
    """Adapters of one joined projection: down (n, inputs, r) and up (n, r, outputs), scale and padding included."""

    down: torch.Tensor
    up: torch.Tensor


def stack_adapters(llama: Llama, adapters: list[Adapter]) -> list[Stack | None]:
    """One stack per joined projection (4 per layer), None where no adapter acts; adapters without it are zero."""
    known = {f"layers.{i}.{name}" for i in range(len(llama.layers)) for names in GROUPS for name in names}
    for unknown in sorted({name for adapter in adapters for name in adapter} - known):
        raise MopeError(f"adapter module {unknown}: the base model has no such projection")
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


def stack_group(pairs: list[list[Pair | None]], widths: list[int], linear: Linear) -> Stack | None:
    """Stack of one joined projection; `pairs` is [adapter][part]. Joined parts make `up` block-diagonal."""
    ranks = [max((row[part].a.shape[0] for row in pairs if row[part]), default=0) for part in range(len(widths))]
    if sum(ranks) == 0:
        return None
    down = torch.zeros(len(pairs), linear.inputs, sum(ranks))
    up = torch.zeros(len(pairs), sum(ranks), linear.outputs)
    for n, row in enumerate(pairs):
        for part, pair in enumerate(row):
            if pair is None:
                continue
            rank, first, column = pair.a.shape[0], sum(ranks[:part]), sum(widths[:part])
            down[n, :, first : first + rank] = pair.a.T
            up[n, first : first + rank, column : column + widths[part]] = pair.b.T * pair.scale
    return Stack(down.to(linear.device, linear.dtype), up.to(linear.device, linear.dtype))


class AdapterBatch:
    """The adapters of a batch whose rows are ordered by adapter.

    Naive equivalent of `add_`: for each row, y += (x @ down[its adapter]) @ up[its adapter].
    """

    def __init__(self, stacks: list[Stack | None], experts: torch.Tensor):
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
        self.stacks = [s if s is None or whole else Stack(s.down[active], s.up[active]) for s in stacks]

    def add_(self, y: torch.Tensor, x: torch.Tensor, slot: int) -> None:
        """Add to y (R, T, outputs) what the rows' adapters make of x (R, T, inputs)."""
        stack = self.stacks[slot]
        if stack is None:
            return
        if self.gather is None:
            low = torch.bmm(x.view(self.active, -1, x.shape[-1]), stack.down)
            y.view(self.active, -1, y.shape[-1]).baddbmm_(low, stack.up)
            return
        low = torch.bmm(x[self.gather].view(self.active, -1, x.shape[-1]), stack.down)
        share = torch.bmm(low, stack.up).view(len(self.gather), *y.shape[1:])
        y += share[self.scatter]

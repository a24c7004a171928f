"""The memory that `make plan` predicts for each stage, beside the memory that was measured."""

from collections.abc import Iterable, Iterator

import torch
from transformers import LlamaConfig

from mope.benchmark.parts import RandomShape
from mope.config.controllers import controller_section, names_in_use
from mope.config.plan import planned_controller, shape_of, stages
from mope.preferences import Preferences


def planned_megabytes(
    config: dict, preferences: Preferences, shape: RandomShape, dtype: torch.dtype, on_gpu: bool
) -> dict[str, float]:
    """Stage -> memory of a job in MiB, for the settings of `config` and models of this shape."""
    base = shape_of(LlamaConfig(**shape.base), dtype.itemsize)
    body = LlamaConfig(vocab_size=shape.base["vocab_size"], **shape.body)
    controllers = [planned_controller(controller_section(config, name), body) for name in names_in_use(config)]
    return {stage.name: stage.memory / 2**20 for stage in stages(config, preferences, base, controllers, on_gpu)}


def beside_plan(records: Iterable[dict], stage: str, planned: dict[str, float]) -> Iterator[dict]:
    """The records of a stage with `planned_mb` (MiB) and its ratio to the measured peak."""
    for record in records:
        plan = planned[stage]
        over = round(plan / record["peak_memory_mb"], 3)
        yield {"stage": stage} | record | {"planned_mb": round(plan, 1), "planned_over_measured": over}

"""The steps of `make gpu-check`, most important first: decoding, CUDA graphs, training, equal answers, compiling."""

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import partial

import peft
import torch
import transformers

from mope.benchmark.adapter_steps import benchmark_expert_step, benchmark_reward_step
from mope.benchmark.controller_step import benchmark_controller_step
from mope.benchmark.decoding_steps import BenchmarkSettings, benchmark_decoding, device_name
from mope.benchmark.fixed_steps import COMPILED, GRAPH, PLAIN, benchmark_fixed_steps
from mope.benchmark.greedy_equality import greedy_equality
from mope.benchmark.parts import SHAPES, Make, RandomShape, llama, random_parts
from mope.benchmark.planned_memory import beside_plan, planned_megabytes
from mope.benchmark.small_experiment import run_experiment
from mope.benchmark.timed_steps import TimedStep
from mope.config.run_name import experiment_file, read_experiment
from mope.controller.controller_settings import ControllerSettings
from mope.preferences import load_preferences
from mope.provenance.artifact import ROOT
from mope.runtime.device_memory import limit_memory
from mope.runtime.precision import device, dtype_of
from mope.runtime.yaml_file import merged, read_yaml
from mope.training.expert_settings import ExpertSettings
from mope.training.reward_settings import RewardSettings

TRAINING_BYTES = 40_000_000_000  # of GPU memory that training a controller on a 7 B base may take


@dataclass(frozen=True)
class CheckShape:
    """Models of one size, their configuration, and the model on which greedy answers are compared with the CPU's."""

    name: str
    models: RandomShape
    config: dict
    compared: str
    compared_models: RandomShape
    rounds: int

    def decoding(self, requests: list[int]) -> BenchmarkSettings:
        """Settings of the steps that measure decoding."""
        dtype = str(dtype_of(self.config["precision"], device())).removeprefix("torch.")
        threads = self.config["benchmark"]["threads"]
        return BenchmarkSettings(self.config["seed"], [self.name], requests, [dtype], 8, self.rounds, threads)

    def make(self) -> Make:
        """The function that makes the models of a dtype on a device."""
        return partial(random_parts, self.name, self.models, self.config["seed"])

    def settings(self, kind: type, section: str):
        """A dataclass of settings from a section of the configuration."""
        known = {field.name for field in fields(kind)}
        values = {key: value for key, value in self.config[section].items() if key in known}
        return kind(**values | {"seed": self.config["seed"], "precision": self.config["precision"]})

    def planned(self) -> dict[str, float]:
        """What `make plan` says: stage -> megabytes."""
        where = device()
        preferences = load_preferences(ROOT / "workflow/prompts/preferences.yaml", self.config["preferences"])
        dtype = dtype_of(self.config["precision"], where)
        return planned_megabytes(self.config, preferences, self.models, dtype, where != "cpu")


TINY = RandomShape(
    {"vocab_size": 512, **llama(hidden=32, intermediate=64, layers=2, heads=2)},
    llama(hidden=16, intermediate=32, layers=1, heads=2),
    rank=4,
)
TINY_CONFIG = {  # with the same keys as gpu.yaml
    "base": {"vocabulary": 512, "hidden": 32, "layers": 2, "heads": 2, "intermediate": 64},
    "benchmark": {"threads": 1},
    "reward": {"batch": 4, "rank": 4, "max_length": 16, "micro_batch": 2},
    "expert": {"rank": 4, "prompts_per_step": 2, "generations": 2, "max_new_tokens": 8, "micro_batch": 2},
    "controller": {
        **{"hidden": 16, "layers": 1, "heads": 2, "intermediate": 32},
        **{"prompts_per_step": 8, "max_new_tokens": 8, "micro_batch": 4},
    },
}


def check_shape(name: str) -> CheckShape:
    """`llama-7b`, in the settings of workflow/experiments/gpu.yaml, or `tiny`, which any machine runs in seconds."""
    config = merged(read_yaml(ROOT / "config.yaml"), read_experiment(experiment_file(ROOT, "gpu")))
    if name == "tiny":
        return CheckShape(name, TINY, merged(config, TINY_CONFIG), name, TINY, 3)
    return CheckShape(name, SHAPES[name], config, "llama-136m", SHAPES["llama-136m"], 7)


CHECK_SHAPES = ("llama-7b", "tiny")


def machine(shape: CheckShape) -> Iterator[dict]:
    """One record: the device and the versions; a GPU that cannot compute fails here."""
    where = device()
    torch.ones(8, device=where).sum().item()
    memory = torch.cuda.get_device_properties(0).total_memory / 2**20 if where == "cuda" else None
    yield {
        "device": device_name(where),
        "memory_mb": memory,
        "shape": shape.name,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "platform": sys.platform,
    }


def decoding(shape: CheckShape) -> Iterator[dict]:
    """Decoding steps of a single model, of several experts run in several ways, and of soups."""
    return benchmark_decoding([shape.make()], shape.decoding([1, 8, 32]), device())


def graphs(shape: CheckShape) -> Iterator[dict]:
    """The same steps on buffers of fixed shape as CUDA graphs; without CUDA the kernels are launched one by one."""
    way = GRAPH if device() == "cuda" else PLAIN
    return benchmark_fixed_steps(shape.make(), shape.decoding([1, 8, 32]), device(), way)


def compiled(shape: CheckShape) -> Iterator[dict]:
    """Steps of a single model and of a mixture, by `torch.compile`."""
    names = ("single", "mope")
    return benchmark_fixed_steps(shape.make(), shape.decoding([8]), device(), COMPILED, names)


def controller(shape: CheckShape) -> Iterator[dict]:
    """A step of REBEL with six experts and six reward models on one base, within `TRAINING_BYTES`."""
    settings = shape.settings(ControllerSettings, "controller")
    warm_up = replace(settings, prompts_per_step=4, max_new_tokens=8)
    limit_memory(TRAINING_BYTES)
    records = benchmark_controller_step([shape.make()], settings, warm_up)
    return beside_plan(records, "train_controller", shape.planned())


def reward(shape: CheckShape) -> Iterator[dict]:
    """A step of a reward model, and of six on one base."""
    records = benchmark_reward_step(shape.models, shape.settings(RewardSettings, "reward"))
    return beside_plan(records, "train_reward", shape.planned())


def expert(shape: CheckShape) -> Iterator[dict]:
    """A step of an expert."""
    records = benchmark_expert_step(shape.models, shape.settings(ExpertSettings, "expert"))
    return beside_plan(records, "train_expert", shape.planned())


def equality(shape: CheckShape) -> Iterator[dict]:
    """Whether the device writes the same greedy answers as the CPU, in float32."""
    return greedy_equality(shape.compared_models, shape.compared, device(), count=8, tokens=24)


LIMITS = {  # seconds of each step, most important first
    machine: 40,
    decoding: 150,
    graphs: 80,
    controller: 120,
    reward: 45,
    expert: 60,
    equality: 40,
    compiled: 120,
}
RUN_LIMIT = 3600.0  # seconds of the experiment; the whole check has a limit of its own
STEP_NAMES = (*(step.__name__ for step in LIMITS), "experiment")


def check_steps(shape: CheckShape, names: list[str], experiment: str, limits: dict[str, float]) -> list[TimedStep]:
    """The steps of these names, most important first; `limits` (seconds, by name) replace those above."""
    steps = [TimedStep(step.__name__, limit, step, (shape,)) for step, limit in LIMITS.items()]
    steps.append(TimedStep("experiment", RUN_LIMIT, run_experiment, (experiment,)))
    return [replace(step, limit=limits.get(step.name, step.limit)) for step in steps if step.name in names]

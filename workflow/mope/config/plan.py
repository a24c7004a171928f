"""What an experiment will take, from its configuration alone: no weight is loaded, models are built without storage.

Memory is what one process holds at its peak (of a job with several devices each process): weights, what training adds
to them, the largest logits and activations, and on a CPU the libraries themselves. The factors were fitted to recorded
peaks of the default experiment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaModel, PreTrainedConfig, PreTrainedModel

from mope.config.controllers import bodies
from mope.config.entries_schema import reads_base
from mope.config.model_configs import llama_config
from mope.decoding.pool import FIXED_COPIES
from mope.engine.llama import check_family
from mope.errors import MopeError
from mope.judging.price import CHARACTERS, seeds
from mope.methods.entries import across_prompts, steered
from mope.methods.weight_grid import grid_size
from mope.preferences import Preferences
from mope.rewards.reward_model import SHARED
from mope.training.base_source import given

LIBRARIES = 540e6  # bytes: Python, torch, transformers, TRL, on a CPU
SCORED = 64  # answers in a batch of decoding on a CPU, and at most in one of scoring
AT_LEAST = 8  # answers in a batch of decoding on a GPU, which takes as many as there is room for
LOGITS = 3  # copies of a batch's logits that training holds at once
CACHES = 4  # copies of a cache, held while it grows or loses rows, with the activations of the prompts
KERNELS = 460e6  # bytes of what oneDNN keeps for packed products of the last 1024 shapes; fitted to two runs' peaks
CORPUS = 15e3  # bytes of an example of the corpus: texts, the tokenizer's records, lists of tokens
OPEN_QUESTION_SHARE = 0.25  # tokens of a question for each one that may be answered


@dataclass(frozen=True)
class Stage:
    """`parameters` are trained ones; `tokens` are read or written at most, by all jobs together."""

    name: str
    jobs: int
    parameters: int
    memory: float  # bytes, of one job
    tokens: int


@dataclass(frozen=True)
class ModelShape:
    """The sizes of a model on which memory depends."""

    parameters: int
    layers: int
    hidden: int
    key_values: int  # numbers per token and layer in a cache
    vocabulary: int
    linear: tuple[tuple[int, int], ...]  # (inputs, outputs) of each linear map that takes an adapter
    width: int  # bytes of a weight
    joined: bool  # whether experts and reward models run on one copy of it

    def adapter(self, rank: int) -> int:
        """Parameters of a LoRA adapter on all linear maps."""
        return rank * sum(inputs + outputs for inputs, outputs in self.linear)

    def cache(self, rows: int, tokens: int) -> float:
        """Bytes of keys and values."""
        return 2.0 * rows * tokens * self.layers * self.key_values * self.width

    def logits(self, rows: int, tokens: int) -> float:
        """Bytes of one copy of the logits, float32."""
        return 4.0 * rows * tokens * self.vocabulary

    def activations(self, rows: int, tokens: int, kept: bool) -> float:
        """Bytes that the backward pass needs: about 34 numbers per token, layer and hidden unit, or 2 if recomputed."""
        return (34.0 if kept else 2.0) * rows * tokens * self.layers * self.hidden * 4


def shape_of(config: PreTrainedConfig, width: int) -> ModelShape:
    """The sizes of a model, counted on tensors without storage."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    head = model.get_output_embeddings()
    linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head]
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    return ModelShape(
        parameters=sum(p.numel() for p in model.parameters()),
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        key_values=heads * (getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads),
        vocabulary=config.vocab_size,
        linear=tuple((m.in_features, m.out_features) for m in linear),
        width=width,
        joined=_joined(model),
    )


def _joined(model: PreTrainedModel) -> bool:
    try:
        check_family(model.get_decoder())
    except MopeError:
        return False
    return True


@dataclass(frozen=True)
class PlannedController:
    """A controller of one seed: its settings, and the sizes on which memory depends (all 0 for constant weights)."""

    section: dict
    parameters: int
    layers: int
    hidden: int


def planned_controller(section: dict, shape: LlamaConfig | None) -> PlannedController:
    """A controller with the settings `section` and the LLaMA `shape`, counted on tensors without storage."""
    if shape is None:
        return PlannedController(section, 0, 0, 0)
    with torch.device("meta"):
        body = LlamaModel(shape)
    count = sum(parameter.numel() for parameter in body.parameters())
    return PlannedController(section, count, shape.num_hidden_layers, shape.hidden_size)


def stages(
    config: dict, preferences: Preferences, base: ModelShape, controllers: Sequence[PlannedController], on_gpu: bool
) -> Iterator[Stage]:
    """The stages that run models, in order, with upper bounds of their tokens; `controllers`: those that methods use.

    Where the jobs of a stage differ, parameters and memory are those of the largest.
    """
    fixed = 0.0 if on_gpu else LIBRARIES
    weights = float(base.parameters * base.width)
    prompts, chosen = config["data"]["train"]["prompts"], len(preferences.ids)
    sets = sum(entry["prompts"] for entry in config["evaluation_sets"].values())

    texts = round(max(len(" ".join(preferences.statements(xi))) for xi in preferences.combinations()) / CHARACTERS)

    def decoding(rows: int, new: int, read: int = 0, experts: int = 1, rank: int = 0) -> float:
        """`rows` answers to questions and `read` tokens of preference texts, by several experts each.

        Weights, adapters, caches, copies of the next token's logits.
        """
        rows = min(rows, AT_LEAST if on_gpu else SCORED) * experts
        adapters = chosen * base.adapter(rank) * base.width if rank else 0
        copies = FIXED_COPIES if on_gpu and base.joined else CACHES
        caches = copies * base.cache(rows, read + round(new * (1 + OPEN_QUESTION_SHARE)))
        return fixed + weights + adapters + caches + 4 * base.logits(rows, 1)

    def training(rows: int, longest: int, trained: int, logits: int, kept: bool, model: ModelShape = base) -> float:
        """`rows` texts in a backward pass; gradient and two moments of each trained parameter in float32."""
        memory = fixed + model.parameters * model.width + 16.0 * trained + model.activations(rows, longest, kept)
        return memory + logits * model.logits(rows, longest)

    def supervised(name: str, model: ModelShape, examples: int, epochs: float) -> Stage:
        """Training on the corpus."""
        b = config["base"]
        memory = training(b["batch"], b["max_length"], model.parameters, LOGITS, True, model) + examples * CORPUS
        return Stage(name, 1, model.parameters, memory, round(examples * epochs * b["max_length"]))

    b = config["base"]
    if not given(b):
        yield supervised("train_base", base, config["data"]["corpus"], b["epochs"])
    pretrained = [
        supervised(
            "train_body",
            shape_of(llama_config(section, base.vocabulary), base.width),
            min(section["pretraining"], config["data"]["corpus"]),
            1,
        )
        for section in bodies(config).values()
    ]
    if pretrained:
        yield _together(pretrained)
    c, g = config["candidates"], config["generation"]
    answers = prompts * c["per_prompt"]
    memory = decoding(answers, c["max_new_tokens"], texts)  # some are asked for under a preference of each dimension
    yield Stage("sample_candidates", 1, 0, memory, answers * c["max_new_tokens"])
    yield Stage(
        "answer_reference",
        1 + len(config["evaluation_sets"]),
        0,
        decoding(prompts, g["max_new_tokens"]),
        (prompts + sets) * g["max_new_tokens"],
    )
    r = config["reward"]
    devices, adapted = config["devices"], min(r["layers"] or base.layers, base.layers)
    trained = base.adapter(r["rank"]) * adapted // base.layers
    micro = min(r["micro_batch"] or r["batch"], r["batch"] // devices["reward"])
    kept = not on_gpu or r["micro_batch"] in (None, r["batch"])  # activations, else computed again in the backward pass
    memory = training(2 * micro, r["max_length"], trained, 0, kept)
    tokens = round(2 * config["feedback"]["pairs"] * r["epochs"] * r["max_length"])
    yield Stage("train_reward", chosen, trained, memory, chosen * tokens)
    e = config["expert"]
    batch = e["prompts_per_step"] * e["generations"]
    own, kept = batch // devices["expert"], not on_gpu or e["micro_batch"] in (None, batch)
    trained = base.adapter(e["rank"]) * min(e["layers"] or base.layers, base.layers) // base.layers
    micro = min(e["micro_batch"] or batch, own)
    memory = training(micro, round(e["max_new_tokens"] * (1 + OPEN_QUESTION_SHARE)), trained, LOGITS, kept)
    memory += weights + base.cache(own, e["max_new_tokens"])  # the reward model, and sampling
    if kept and not on_gpu:
        memory += KERNELS + 3 * weights  # packed for products forwards, backwards and in sampling
    yield Stage("train_expert", chosen, trained, memory, chosen * e["steps"] * batch * e["max_new_tokens"])
    rivals = {m["policy"] for m in config["methods"].values() if "policy" in m}
    if rivals:
        jobs = len(rivals) * len(config["controller"]["seeds"])
        yield Stage("train_policy", jobs, trained, memory, jobs * e["steps"] * batch * e["max_new_tokens"])
    dimensions, xis = len(preferences.dimensions), len(preferences.combinations())
    copies = 1 if weights >= SHARED else chosen  # of the base, for the reward models
    beside = 0 if weights >= SHARED and base.joined else copies  # of them, those beside the experts' own

    def controlled(controller: PlannedController) -> Stage:
        """Training of a controller with all seeds."""
        k, jobs = controller.section, len(config["controller"]["seeds"])
        own, new = -(-k["prompts_per_step"] // devices["controller"]), k["max_new_tokens"]
        back = 2 * min(k["micro_batch"] or own, own) * new * (1 + OPEN_QUESTION_SHARE)  # tokens of a backward pass
        memory = decoding(2 * own, new, texts, dimensions, e["rank"]) + beside * weights
        memory += 16.0 * controller.parameters + 34.0 * 4 * back * controller.layers * controller.hidden
        tokens = jobs * k["steps"] * 2 * k["prompts_per_step"] * new
        return Stage("train_controller", jobs, controller.parameters, memory, tokens)

    yield _together([controlled(controller) for controller in controllers])
    repeats = sum(seeds(method, config) * method.get("n", 1) for method in config["methods"].values())
    tokens = repeats * sets * xis * g["max_new_tokens"]
    mixed = max(experts(method, config, preferences) for method in config["methods"].values())
    memory = decoding(sets * xis, g["max_new_tokens"], texts, mixed, e["rank"])
    memory += 4.0 * max(controller.parameters for controller in controllers)
    guided = [method for method in config["methods"].values() if steered(method)]
    if guided:
        memory += copies * weights  # its reward models
    # Each of them reads every candidate for a token, and what closes an answer after it.
    judged = sum(dimensions * (1 + 2 * method.get("top_k", 1)) for method in guided) * sets * xis * g["max_new_tokens"]
    shards = config["shards"]["responses"]
    jobs = sum(1 if across_prompts(method) else shards for method in config["methods"].values())
    yield Stage("generate", jobs, 0, memory, tokens + judged)
    graded = {name: config["methods"][name] for name in config["fronts"]["methods"]}
    first = next(iter(config["evaluation_sets"].values()))["prompts"]
    points = len(config["fronts"]["combinations"] or preferences.combinations())
    points *= grid_size(dimensions, config["fronts"]["step"])
    front_tokens = sum(seeds(method, config) for method in graded.values()) * first * points * g["max_new_tokens"]
    if graded:
        yield Stage("generate_front", len(graded), 0, memory, front_tokens)
    longest = round(g["max_new_tokens"] * (1 + OPEN_QUESTION_SHARE))
    memory = fixed + copies * weights + 4 * base.hidden * SCORED * longest * 4.0
    yield Stage("score", len(config["methods"]), 0, memory, tokens * dimensions)
    if graded:
        yield Stage("score_front", len(graded), 0, memory, front_tokens * dimensions)


def _together(parts: Sequence[Stage]) -> Stage:
    """Jobs of one stage that differ, as one."""
    largest = max(part.parameters for part in parts), max(part.memory for part in parts)
    return Stage(parts[0].name, sum(part.jobs for part in parts), *largest, sum(part.tokens for part in parts))


def experts(method: dict, config: dict, preferences: Preferences) -> int:
    """How many models read one answer together."""
    if "mixer" not in method:
        return 1 + (len(preferences.dimensions) if steered(method) else 0)
    controller = config["controller"] | config["controllers"][method["controller"]] if "controller" in method else {}
    everyone = controller.get("mixes") == "all"
    return (len(preferences.ids) if everyone else len(preferences.dimensions)) + reads_base(method["mixer"])

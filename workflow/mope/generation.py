"""Answers of every method to every (prompt, combination): one recipe per kind of method."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from transformers import AutoModel, AutoTokenizer

from mope.data.tables import derive_seed
from mope.decoding.adapters import BASE, AdapterPool
from mope.decoding.controller_input import LlamaController
from mope.decoding.loop import decode
from mope.decoding.lora import read_adapter
from mope.decoding.mixers import Arithmetic, Logit, Mixer, Probability
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Answer, Request
from mope.decoding.requests import mixture_request
from mope.decoding.sampling import Sampling
from mope.errors import MopeError
from mope.preferences import Preferences
from mope.prompting import encode
from mope.training import controller_model  # noqa: F401 (registers the controller with AutoModel)
from mope.training.soups import AVERAGES

COLUMNS = ["prompt_id", "prompt", "combination", "response", "n_tokens", "finish_reason", "seed"]


@dataclass(frozen=True)
class Models:
    """Folders of the frozen parts: the base, one adapter per preference, one controller per seed."""

    base: Path
    experts: dict[str, Path]
    controllers: dict[int, Path]


@dataclass(frozen=True)
class GenerationSettings:
    """`generation` in config.yaml, and the experiment's seed; the same for every method."""

    seed: int
    temperature: float
    top_p: float
    top_k: int
    no_repeat_ngram: int
    min_new_tokens: int
    max_new_tokens: int


class Generator:
    """Everything that the recipes share: tokenizer, preferences, prompts × combinations, limits."""

    def __init__(self, models: Models, preferences: Preferences, settings: GenerationSettings):
        self.models, self.preferences, self.settings = models, preferences, settings
        self.tokenizer = AutoTokenizer.from_pretrained(models.base)

    def pool(self, adapters: dict) -> ExpertPool:
        """The experts, on a GPU where there is one."""
        gpu = torch.cuda.is_available()
        return AdapterPool(
            self.models.base, adapters, torch.bfloat16 if gpu else torch.float32, "cuda" if gpu else "cpu"
        )

    def seed(self, prompt: str, combination: str) -> int:
        """The same for every method, so that methods differ in nothing else."""
        return derive_seed(self.settings.seed, "response", prompt, combination)

    def plain_request(self, expert: int, prompt: str, texts: Sequence[str], combination: str) -> Request:
        """A single model that reads the instruction and some preference texts."""
        return Request(
            [expert],
            [encode(self.tokenizer, prompt, texts)],
            max_new_tokens=self.settings.max_new_tokens,
            min_new_tokens=self.settings.min_new_tokens,
            seed=self.seed(prompt, combination),
        )

    def mixture_request(
        self, pool: ExpertPool, method: dict, prompt: str, combination: str, base: int | None = None
    ) -> Request:
        """The experts of a combination, and the bare base model `base` of the pool where it takes part."""
        return mixture_request(
            self.tokenizer,
            self.preferences,
            prompt,
            combination,
            method["prompt"],
            pool.names,
            self.settings.max_new_tokens,
            self.seed(prompt, combination),
            base=base,
            min_new_tokens=self.settings.min_new_tokens,
        )

    def answers(self, pool: ExpertPool, mixer: Mixer, requests: list[Request], controller=None) -> list[Answer]:
        """Answers under the settings of `generation`."""
        s = self.settings
        sampling = Sampling(temperature=s.temperature, top_p=s.top_p, top_k=s.top_k, no_repeat_ngram=s.no_repeat_ngram)
        end, pad = self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        return decode(pool, mixer, requests, sampling, end, pad, controller=controller)

    def decode(self, pool: ExpertPool, mixer: Mixer, requests: list[Request], controller=None) -> list[tuple]:
        """(response, n_tokens, finish_reason) of every request."""
        answers = self.answers(pool, mixer, requests, controller)
        texts = self.tokenizer.batch_decode([a.tokens for a in answers], skip_special_tokens=True)
        return [(text, len(a.tokens), a.finish_reason) for text, a in zip(texts, answers, strict=True)]


Pairs = list[tuple[str, str]]  # (prompt, combination)


def base_answers(generator: Generator, method: dict, pairs: Pairs) -> dict[int, list[tuple]]:
    """Vanilla and preference prompting: the base reads none or all of the preference texts."""
    preferences = generator.preferences
    requests = [
        generator.plain_request(0, prompt, preferences.statements(xi) if method["prompt"] == "all" else [], xi)
        for prompt, xi in pairs
    ]
    return {0: generator.decode(generator.pool({"base": BASE}), Probability(), requests)}


def soup_answers(generator: Generator, method: dict, pairs: Pairs) -> dict[int, list[tuple]]:
    """Personalized Soups: one merged adapter per combination, all of them served in one batch."""
    preferences, average = generator.preferences, AVERAGES[method["average"]]
    adapters = {name: read_adapter(folder) for name, folder in generator.models.experts.items()}
    combinations = preferences.combinations()
    merged = {xi: average([adapters[member] for member in preferences.members(xi)]) for xi in combinations}
    requests = [
        generator.plain_request(combinations.index(xi), prompt, preferences.statements(xi), xi) for prompt, xi in pairs
    ]
    return {0: generator.decode(generator.pool(merged), Probability(), requests)}


def mixed_answers(generator: Generator, method: dict, pairs: Pairs) -> dict[int, list[tuple]]:
    """Experts mixed per token; by seed of the controller where there is one."""
    arithmetic = method["mixer"] == "arithmetic"
    pool = generator.pool({**generator.models.experts, **({"base": BASE} if arithmetic else {})})
    base = pool.names.index("base") if arithmetic else None
    requests = [generator.mixture_request(pool, method, prompt, xi, base) for prompt, xi in pairs]
    match method["mixer"]:
        case "uniform":
            return {0: generator.decode(pool, Probability(), requests)}
        case "logit":
            return {0: generator.decode(pool, Logit(), requests)}
        case "arithmetic":
            return {0: generator.decode(pool, Arithmetic(base, method["strength"]), requests)}
        case "controller":
            answers = {}
            for seed, folder in generator.models.controllers.items():
                answers[seed] = generator.decode(pool, Probability(), requests, load_controller(folder, pool))
            return answers
    raise MopeError(f"mixer {method['mixer']!r}: expected uniform, logit, arithmetic or controller")


def load_controller(folder: Path, pool: ExpertPool) -> LlamaController:
    """A trained controller; `MopeError` when it was trained for other experts than those of the pool."""
    module = AutoModel.from_pretrained(folder).to(pool.device).eval()
    if list(module.config.experts) != list(pool.names):
        raise MopeError(f"{folder}: trained for experts {module.config.experts}, the pool has {list(pool.names)}")
    return LlamaController(module.model, module.head)


KINDS = {"base": base_answers, "soup": soup_answers, "mix": mixed_answers}


def generate(generator: Generator, method: dict, prompts: pd.DataFrame) -> pd.DataFrame:
    """The answers of `method` (one entry of `methods` in config.yaml) to every prompt under every combination."""
    combinations = generator.preferences.combinations()
    pairs = [(prompt, xi) for prompt in prompts.prompt for xi in combinations]
    return responses(prompts, combinations, KINDS[method["kind"]](generator, method, pairs))


def responses(prompts: pd.DataFrame, combinations: list[str], answers: dict[int, list[tuple]]) -> pd.DataFrame:
    """The table of a method's answers: seed, then prompt, then combination."""
    rows = [
        (row.prompt_id, row.prompt, xi, *answer, seed)
        for seed, given in answers.items()
        for (row, xi), answer in zip(
            ((row, xi) for row in prompts.itertuples() for xi in combinations), given, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=COLUMNS)

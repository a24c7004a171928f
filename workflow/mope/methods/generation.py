"""Answers of every method to every (prompt, combination): one recipe per kind of method."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from mope.controller.pcm import expert_texts
from mope.data.tables import derive_seed
from mope.decoding.loop import decode
from mope.decoding.mixers import Arithmetic, Logit, Mixer, Probability, Truncated
from mope.decoding.mixture import PromptScheme, mixture_request
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Answer, Request
from mope.decoding.sampling import Sampling
from mope.engine.lora import read_adapter
from mope.errors import MopeError
from mope.methods.arrow import arrow_pool
from mope.methods.soups import AVERAGES
from mope.pools.adapters import BASE
from mope.pools.open_pool import open_pool
from mope.preferences import Preferences
from mope.prompting import encode

RESPONSE_COLUMNS = ["prompt_id", "prompt", "combination", "response", "n_tokens", "finish_reason", "seed"]


@dataclass(frozen=True)
class Models:
    """Folders of the frozen parts: the base, one adapter per preference, one controller or policy per seed."""

    base: Path
    experts: dict[str, Path]
    controllers: dict[int, Path]
    policies: dict[int, Path] = field(default_factory=dict)


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
        return open_pool(self.models.base, adapters)

    def seed(self, prompt: str, combination: str) -> int:
        """The same for every method, so that methods differ in nothing else."""
        return derive_seed(self.settings.seed, "response", prompt, combination)

    def plain_request(
        self, expert: int, prompt: str, texts: Sequence[str], combination: str, seed: int | None = None
    ) -> Request:
        """A single model that reads the instruction and some preference texts; `seed` for one of several samples."""
        return Request(
            [expert],
            [encode(self.tokenizer, prompt, texts)],
            max_new_tokens=self.settings.max_new_tokens,
            min_new_tokens=self.settings.min_new_tokens,
            seed=self.seed(prompt, combination) if seed is None else seed,
        )

    def mixture_request(
        self, pool: ExpertPool, method: dict, prompt: str, combination: str, base: int | None = None, controller=None
    ) -> Request:
        """The experts of a combination, and the bare base model `base` of the pool where it takes part.

        A trained `controller` knows how it reads ξ and whom it mixes.
        """
        own = {} if controller is None else {"reads": controller.config.reads, "mixes": controller.config.mixes}
        return mixture_request(
            self.tokenizer,
            self.preferences,
            prompt,
            combination,
            PromptScheme(method["prompt"], **own, weights=method.get("weights")),
            pool.names,
            self.settings.max_new_tokens,
            self.seed(prompt, combination),
            base=base,
            min_new_tokens=self.settings.min_new_tokens,
        )

    def answers(
        self, pool: ExpertPool, mixer: Mixer, requests: list[Request], controller=None, record: bool = False
    ) -> list[Answer]:
        """Answers under the settings of `generation`; `record` keeps log-probabilities."""
        s = self.settings
        sampling = Sampling(temperature=s.temperature, top_p=s.top_p, top_k=s.top_k, no_repeat_ngram=s.no_repeat_ngram)
        end, pad = self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        return decode(pool, mixer, requests, sampling, end, pad, controller=controller, record=record)

    def decode(self, pool: ExpertPool, mixer: Mixer, requests: list[Request], controller=None) -> list[tuple]:
        """(response, n_tokens, finish_reason) of every request."""
        answers = self.answers(pool, mixer, requests, controller)
        texts = self.tokenizer.batch_decode([a.tokens for a in answers], skip_special_tokens=True)
        return [(text, len(a.tokens), a.finish_reason) for text, a in zip(texts, answers, strict=True)]


PromptCombinations = list[tuple[str, str]]  # (prompt, combination)
Answers = dict[int, list[tuple]]  # seed -> (response, n_tokens, finish_reason) of every pair


def base_answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """Vanilla and preference prompting: the base reads none or all of the preference texts."""
    requests = [generator.plain_request(0, prompt, texts_read(generator, method, xi), xi) for prompt, xi in pairs]
    return {0: generator.decode(generator.pool({"base": BASE}), Probability(), requests)}


def texts_read(generator: Generator, method: dict, combination: str) -> list[str]:
    """The preference texts that a single model reads: all of the combination, or none."""
    return generator.preferences.statements(combination) if method["prompt"] == "all" else []


def soup_answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """Personalized Soups: one merged adapter per combination, all of them served in one batch."""
    preferences, average = generator.preferences, AVERAGES[method["average"]]
    if "strength" in method:
        average = partial(average, strength=method["strength"])
    adapters = {name: read_adapter(folder) for name, folder in generator.models.experts.items()}
    combinations = preferences.combinations()
    merged = {xi: average([adapters[member] for member in preferences.members(xi)]) for xi in combinations}
    requests = [
        generator.plain_request(combinations.index(xi), prompt, texts_read(generator, method, xi), xi)
        for prompt, xi in pairs
    ]
    return {0: generator.decode(generator.pool(merged), Probability(), requests)}


def arrow_answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """Arrow routing among the experts of a combination, one combination after the other."""
    preferences, found = generator.preferences, {}
    for combination in preferences.combinations():
        experts = [generator.models.experts[member] for member in preferences.members(combination)]
        own = [pair for pair in pairs if pair[1] == combination]
        requests = [generator.plain_request(0, prompt, texts_read(generator, method, xi), xi) for prompt, xi in own]
        answers = generator.decode(arrow_pool(generator.models.base, experts), Probability(), requests)
        found |= dict(zip(own, answers, strict=True))
    return {0: [found[pair] for pair in pairs]}


def expert_answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """One expert alone, the same for every combination."""
    pool = generator.pool({method["expert"]: generator.models.experts[method["expert"]]})
    requests = [generator.plain_request(0, prompt, texts_read(generator, method, xi), xi) for prompt, xi in pairs]
    return {0: generator.decode(pool, Probability(), requests)}


def policy_answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """One policy for all combinations (the trained rivals of Personalized Soups), by its seed."""
    requests = [generator.plain_request(0, prompt, texts_read(generator, method, xi), xi) for prompt, xi in pairs]
    return {
        seed: generator.decode(generator.pool({"policy": folder}), Probability(), requests)
        for seed, folder in generator.models.policies.items()
    }


def mixed_answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """Experts mixed per token; by seed of the controller where there is one."""
    arithmetic = method["mixer"] == "arithmetic"
    pool = generator.pool({**generator.models.experts, **({"base": BASE} if arithmetic else {})})
    base = pool.names.index("base") if arithmetic else None
    mixer = mixer_of(method, base)
    if "controller" not in method:
        requests = [generator.mixture_request(pool, method, prompt, xi, base) for prompt, xi in pairs]
        return {0: generator.decode(pool, mixer, requests)}
    answers = {}
    for seed, folder in generator.models.controllers.items():
        controller = load_controller(folder, pool, generator.preferences, generator.tokenizer)
        requests = [generator.mixture_request(pool, method, *pair, controller=controller) for pair in pairs]
        answers[seed] = generator.decode(pool, mixer, requests, controller.decoder())
    return answers


def mixer_of(method: dict, base: int | None = None) -> Mixer:
    """The mixing rule of a method; `base` is the base model's place in the pool (model arithmetic)."""
    match method["mixer"]:
        case "uniform" | "controller":
            mixer = Probability()
        case "logit":
            mixer = Logit()
        case "arithmetic":
            mixer = Arithmetic(base, method["strength"])
        case other:
            raise MopeError(f"mixer {other!r}: expected uniform, logit, arithmetic or controller")
    return Truncated(mixer, method["top_k"]) if "top_k" in method else mixer


def load_controller(folder: Path, pool: ExpertPool, preferences: Preferences, tokenizer) -> PreTrainedModel:
    """A trained controller; `MopeError` when it was trained for other experts than those of the pool.

    One that scores experts by their texts takes up experts that it has not met in training.
    """
    module = AutoModel.from_pretrained(folder).to(pool.device).eval()
    trained = list(module.config.experts)
    if getattr(module.config, "expert_texts", None) is not None and set(trained) <= set(pool.names):
        module.config.experts = list(preferences.ids)
        module.config.expert_texts = expert_texts(tokenizer, preferences)
    if list(module.config.experts) != list(pool.names):
        raise MopeError(f"{folder}: trained for experts {trained}, the pool has {list(pool.names)}")
    return module


METHOD_KINDS = {
    "base": base_answers,
    "soup": soup_answers,
    "arrow": arrow_answers,
    "mix": mixed_answers,
    "expert": expert_answers,
    "policy": policy_answers,
}


def generate(generator: Generator, method: dict, prompts: pd.DataFrame) -> pd.DataFrame:
    """The answers of `method` (one entry of `methods` in config.yaml) to every prompt under every combination."""
    combinations = generator.preferences.combinations()
    pairs = [(prompt, xi) for prompt in prompts.prompt for xi in combinations]
    return response_table(prompts, combinations, METHOD_KINDS[method["kind"]](generator, method, pairs))


def response_table(prompts: pd.DataFrame, combinations: list[str], answers: Answers) -> pd.DataFrame:
    """The table of a method's answers: seed, then prompt, then combination."""
    rows = [
        (row.prompt_id, row.prompt, xi, *answer, seed)
        for seed, given in answers.items()
        for (row, xi), answer in zip(
            ((row, xi) for row in prompts.itertuples() for xi in combinations), given, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=RESPONSE_COLUMNS)

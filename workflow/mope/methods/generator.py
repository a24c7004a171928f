"""What every method answers with: the frozen models, the formats of prompts, `generation` of config.yaml."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transformers import AutoTokenizer

from mope.data.tables import derive_seed
from mope.decoding.loop import decode
from mope.decoding.mixers.mixer import Mixer
from mope.decoding.mixers.probability import Probability
from mope.decoding.mixture import PromptScheme, mixture_request
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Answer, Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import turn_ends
from mope.engine.lora import Adapter, experts_at
from mope.pools.open_pool import open_pool
from mope.preferences import Preferences
from mope.prompting import encode

PromptCombinations = list[tuple[str, str]]  # (prompt, combination)
Answers = dict[int, list[tuple]]  # seed -> (response, n_tokens, finish_reason) of every (prompt, combination)


@dataclass(frozen=True)
class Models:
    """Folders of the frozen parts: base, experts and reward models by preference, controllers or policies by seed."""

    base: Path
    experts: dict[str, Path]
    controllers: dict[int, Path]
    policies: dict[int, Path] = field(default_factory=dict)
    rewards: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class GenerationSettings:
    """`generation` in config.yaml, the experiment's seed and precision; the same for every method."""

    seed: int
    temperature: float
    top_p: float
    top_k: int
    no_repeat_ngram: int
    min_new_tokens: int
    max_new_tokens: int
    precision: str = "float32"


class Generator:
    """What all kinds of methods share: tokenizer, preferences, prompts × combinations, limits."""

    def __init__(self, models: Models, preferences: Preferences, settings: GenerationSettings):
        self.models, self.preferences, self.settings = models, preferences, settings
        self.tokenizer = AutoTokenizer.from_pretrained(models.base, trust_remote_code=False)
        self.ends = turn_ends(models.base, self.tokenizer)

    def pool(self, adapters: dict) -> ExpertPool:
        """The experts, on a GPU where there is one."""
        return open_pool(self.models.base, adapters, self.settings.precision)

    def experts(self, method: dict) -> dict[str, Path | Adapter]:
        """The experts by preference; their updates times `expert_strength` where the method has one."""
        return experts_at(method.get("expert_strength", 1.0), self.models.experts)

    def seed(self, prompt: str, combination: str) -> int:
        """The seed of an answer, which is the same for every method."""
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

        The configuration of a trained `controller` says how it reads ξ and which experts it weighs.
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
        return decode(pool, mixer, requests, sampling, self.ends, controller=controller, record=record)

    def decode(self, pool: ExpertPool, mixer: Mixer, requests: list[Request], controller=None) -> list[tuple]:
        """(response, n_tokens, finish_reason) of every request."""
        answers = self.answers(pool, mixer, requests, controller)
        texts = self.tokenizer.batch_decode([a.tokens for a in answers], skip_special_tokens=True)
        return [(text, len(a.tokens), a.finish_reason) for text, a in zip(texts, answers, strict=True)]

    def single(
        self, pool: ExpertPool, method: dict, pairs: PromptCombinations, place: Callable[[str], int] = lambda xi: 0
    ) -> list[tuple]:
        """(response, n_tokens, finish_reason) of one model alone, at `place(ξ)` of the pool, on every (prompt, ξ)."""
        requests = [self.plain_request(place(xi), prompt, self.texts_read(method, xi), xi) for prompt, xi in pairs]
        return self.decode(pool, Probability(), requests)

    def texts_read(self, method: dict, combination: str) -> list[str]:
        """The preference texts that a single model reads: all of the combination, with its weights if any, or none."""
        return self.preferences.statements(combination, method.get("weights")) if method["prompt"] == "all" else []

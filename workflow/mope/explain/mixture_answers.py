"""Answers of a run's row `mope`, one question at a time, token by token, with the weights of the experts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from transformers import AutoConfig

from mope.controller.loading import load_controller
from mope.decoding.loop import decode
from mope.decoding.request import Request, Token
from mope.decoding.sampling import Sampling
from mope.errors import MopeError
from mope.explain.token_text import TextSoFar, posterior_shares
from mope.methods.generator import Generator
from mope.methods.kinds.expert_mixture import mixing_rule


@dataclass(frozen=True)
class Piece:
    """Text that one token added (it may be empty inside a character), its weights α and its shares by preference id."""

    token: int
    text: str
    alphas: dict[str, float]
    shares: dict[str, float]

    @property
    def carrier(self) -> str:
        """The expert with the largest share."""
        return max(self.shares, key=self.shares.__getitem__)


class MixtureAnswers:
    """The trained parts of a run, and `method`, the settings of its row `mope`, with which they answer."""

    def __init__(self, generator: Generator, method: dict, controller: Path):
        self.generator, self.method, self.preferences = generator, method, generator.preferences
        self.pool = generator.pool(generator.experts(method))
        self.controller = load_controller(controller, self.pool, self.preferences, generator.tokenizer)
        config = AutoConfig.from_pretrained(generator.models.base, trust_remote_code=False)
        self.positions = getattr(config, "max_position_embeddings", None)  # some families have no limit

    def answer(self, prompt: str, combination: str, show: Callable[[Piece], None], seed: int | None = None) -> str:
        """Decode one answer, showing every piece as it comes; returns the finish reason.

        Without a `seed` it is that of the question in the run's evaluation. `MopeError` for a question that is no text,
        or that is too long for the positions of the base together with its answer.
        """
        request = self._request(prompt, combination, seed)
        members, text = [self.pool.names[expert] for expert in request.experts], TextSoFar(self.generator.tokenizer)

        def on_token(event: Token) -> None:
            alphas = event.alphas[list(request.experts)].cpu()
            shares = posterior_shares(alphas, event.expert_logprobs.cpu())
            named = [dict(zip(members, values.tolist(), strict=True)) for values in (alphas, shares)]
            show(Piece(event.token, text.added(event.token), *named))

        s = self.generator.settings
        sampling = Sampling(temperature=s.temperature, top_p=s.top_p, top_k=s.top_k, no_repeat_ngram=s.no_repeat_ngram)
        rule, guide = mixing_rule(self.method), self.controller.decoder()
        [answer] = decode(self.pool, rule, [request], sampling, self.generator.ends, guide, on_token=on_token)
        return answer.finish_reason

    def _request(self, prompt: str, combination: str, seed: int | None) -> Request:
        try:
            prompt.encode()
        except UnicodeEncodeError:
            raise MopeError("broken Unicode found, text is expected") from None
        generator = self.generator
        request = generator.mixture_request(self.pool, self.method, prompt, combination, controller=self.controller)
        longest, count = max(map(len, request.prompts)), request.max_new_tokens
        if self.positions is not None and longest + count > self.positions:
            found = f"{longest} tokens of the question and {count} of the answer found"
            raise MopeError(f"{found}, at most {self.positions} are expected")
        return request if seed is None else replace(request, seed=seed)

"""The answer to one question, piece by piece, as the decoding thread hands it to the event loop."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import torch

from mope.decoding.mixers.probability import Probability
from mope.explain.token_text import posterior_shares
from mope.serve.answer_text import AnswerText
from mope.serve.asked import ParsedQuestion
from mope.serve.job import Job, ServedToken
from mope.serve.question_fields import AnyQuestion
from mope.serve.scheduler import Scheduler


@dataclass(frozen=True)
class AnswerPiece:
    """What one token adds to an answer: `text`, which may be empty; `finish_reason` is None until the last one."""

    token: ServedToken
    text: str
    finish_reason: str | None


class Answering:
    """One answer under way: iterate over its pieces, and call `leave` if you stop before the end.

    Iterating raises the error that has ended the answer, if there was one.
    """

    def __init__(self, scheduler: Scheduler, tokenizer, asked: ParsedQuestion, question: AnyQuestion):
        """Queues the answer; `BusyError` where the queue is full, `EndingError` where the server is being stopped."""
        loop, self.pieces = asyncio.get_running_loop(), asyncio.Queue()
        text = AnswerText(tokenizer, question.stops())

        def tell(what: AnswerPiece | Exception) -> None:
            if not self.job.cancelled:
                loop.call_soon_threadsafe(self.pieces.put_nowait, what)

        def on_token(token: ServedToken, reason: str | None) -> bool:
            added, stopped = text.push(token.token, reason is not None)
            tell(AnswerPiece(token, added, "stop" if stopped else reason))
            return not stopped

        model = asked.model
        self.job = Job(
            model.pool,
            asked.request,
            model.mixer,
            asked.sampling,
            on_token,
            tell,
            model.decoder,
            asked.emphasis,
            top=question.most_probable() or 0,
        )
        self.scheduler = scheduler
        scheduler.submit(self.job)

    async def __aiter__(self) -> AsyncIterator[AnswerPiece]:
        reason = None
        while reason is None:
            piece = await self.pieces.get()
            if isinstance(piece, Exception):
                raise piece
            reason = piece.finish_reason
            yield piece

    def leave(self) -> None:
        """End the answer: it leaves the queue, or its rows leave the batch before the next step."""
        self.scheduler.leave(self.job)


def weights_of(token: ServedToken, asked: ParsedQuestion) -> dict:
    """α by expert; under eq. 1 also each expert's share in the token's probability, and the one with the largest share.

    Empty where a single model answers, and for powers of either sign (model arithmetic).
    """
    if len(asked.members) == 1 or any(weight < 0 for weight in token.alphas):
        return {}
    weights = {"alphas": dict(zip(asked.members, token.alphas, strict=True))}
    if not isinstance(asked.model.mixer, Probability):
        return weights
    shares = posterior_shares(torch.tensor(token.alphas), torch.tensor(token.expert_logprobs)).tolist()
    named = dict(zip(asked.members, shares, strict=True))
    return weights | {"shares": named, "carrier": max(named, key=named.__getitem__)}

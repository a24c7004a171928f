"""The answer to one question, piece by piece, as the decoding thread hands it to the event loop."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import torch

from mope.explain.terminal_chat import posterior_shares
from mope.serve.answer_text import AnswerText
from mope.serve.asked import ChatQuestion, Understood
from mope.serve.job import Job, ServedToken
from mope.serve.scheduler import Scheduler


@dataclass(frozen=True)
class AnswerPiece:
    """What one token adds to an answer: `text`, which may be empty; of the last token also `finish_reason`."""

    token: ServedToken
    text: str
    finish_reason: str | None


class Answering:
    """One answer under way: iterate over its pieces, and call `leave` if you stop before the end."""

    def __init__(self, scheduler: Scheduler, tokenizer, asked: Understood, question: ChatQuestion):
        """Queues the answer; `BusyError` where the queue is full."""
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
            top=(question.top_logprobs or 0) if question.logprobs else 0,
        )
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
        """End the answer: its rows leave the batch before the next step."""
        self.job.cancelled = True


def weights_of(token: ServedToken, members: list[str]) -> dict:
    """α and posterior share of every expert, and the expert with the largest share; {} where there are no weights."""
    if token.alphas is None or any(weight < 0 for weight in token.alphas):
        return {}
    shares = posterior_shares(torch.tensor(token.alphas), torch.tensor(token.expert_logprobs)).tolist()
    named = dict(zip(members, shares, strict=True))
    alphas = dict(zip(members, token.alphas, strict=True))
    return {"alphas": alphas, "shares": named, "carrier": max(named, key=named.__getitem__)}

"""Replies in the format of OpenAI's chat completions; with `alphas` a choice has a field `mope` with α per token."""

import time
import uuid

from mope.serve.answering import AnswerPiece, weights_of
from mope.serve.asked import ChatQuestion, Understood


class ReplyWriter:
    """Writes the reply to one question, whole or in chunks."""

    def __init__(self, question: ChatQuestion, asked: Understood, tokenizer):
        self.question, self.asked, self.tokenizer = question, asked, tokenizer
        self.head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": question.model}

    def whole(self, pieces: list[AnswerPiece]) -> dict:
        """All pieces as one reply."""
        message = {"role": "assistant", "content": "".join(piece.text for piece in pieces)}
        choice = {"index": 0, "message": message, "finish_reason": pieces[-1].finish_reason} | self._about(pieces)
        return self.head | {"object": "chat.completion", "choices": [choice], "usage": self.usage(len(pieces))}

    def first(self) -> dict:
        """The first chunk, which names the role."""
        return self._chunk({"role": "assistant", "content": ""}, None, {})

    def chunk(self, piece: AnswerPiece) -> dict:
        """One piece as a chunk."""
        return self._chunk({"content": piece.text}, piece.finish_reason, self._about([piece]))

    def last(self, count: int) -> dict:
        """The last chunk, which tells the usage after `count` tokens of the answer."""
        return self.head | {"object": "chat.completion.chunk", "choices": [], "usage": self.usage(count)}

    def usage(self, count: int) -> dict:
        """Tokens of the first expert's prompt, and of the answer."""
        prompt = len(self.asked.request.prompts[0])
        return {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}

    def _chunk(self, delta: dict, reason: str | None, about: dict) -> dict:
        choice = {"index": 0, "delta": delta, "finish_reason": reason} | about
        return self.head | {"object": "chat.completion.chunk", "choices": [choice]}

    def _about(self, pieces: list[AnswerPiece]) -> dict:
        about = {}
        if self.question.logprobs:
            content = [
                self._logprob(p.token.token, p.token.logprob)
                | {"top_logprobs": [self._logprob(*pair) for pair in p.token.top]}
                for p in pieces
            ]
            about["logprobs"] = {"content": content, "refusal": None}
        if self.question.alphas:
            about["mope"] = [{"text": p.text} | weights_of(p.token, self.asked.members) for p in pieces]
        return about

    def _logprob(self, token: int, logprob: float) -> dict:
        text = self.tokenizer.decode([token])
        whole = "\ufffd" not in text
        return {"token": text, "logprob": max(logprob, -9999.0), "bytes": list(text.encode()) if whole else None}

"""Answers in the shape of OpenAI's; `mope` in a choice holds α by token where it was asked for."""

import time
import uuid
from collections.abc import Sequence

from mope.serve.answering import AnswerPiece, weights_of
from mope.serve.asked import ParsedQuestion
from mope.serve.question_fields import AnyQuestion, ChatQuestion
from mope.serve.served_run import ServedRun

LEAST_LOGPROB = -9999.0  # in place of -inf, which JSON cannot express


class ReplyWriter:
    """Writes the reply to one question, whole or in chunks; the kinds of questions differ in the shape of a choice."""

    PREFIX: str  # of the reply's id
    WHOLE: str  # the object that a whole reply is
    CHUNK: str  # the object that a chunk is

    def __init__(self, question: AnyQuestion, asked: ParsedQuestion, run: ServedRun):
        self.question, self.asked, self.run = question, asked, run
        self.head = {"id": f"{self.PREFIX}-{uuid.uuid4().hex}", "created": int(time.time()), "model": question.model}

    def whole(self, pieces: Sequence[AnswerPiece]) -> dict:
        """All pieces as one reply."""
        said = self.said("".join(piece.text for piece in pieces))
        reply = self._reply(self.WHOLE, [self._choice(said, pieces[-1].finish_reason, pieces)])
        return reply | {"usage": self._usage(len(pieces))}

    def before(self) -> list[dict]:
        """The chunks before the first piece."""
        return []

    def chunk(self, piece: AnswerPiece) -> dict:
        """One piece as a chunk."""
        return self._reply(self.CHUNK, [self._choice(self.added(piece.text), piece.finish_reason, [piece])])

    def after(self, count: int) -> list[dict]:
        """The chunks after the last of `count` pieces."""
        if not (self.question.stream_options and self.question.stream_options.include_usage):
            return []
        return [self._reply(self.CHUNK, []) | {"usage": self._usage(count)}]

    def said(self, text: str) -> dict:
        """A whole answer as part of a choice."""
        raise NotImplementedError

    def added(self, text: str) -> dict:
        """What a piece adds as part of a choice."""
        raise NotImplementedError

    def logprobs(self, pieces: Sequence[AnswerPiece]) -> dict:
        """The log-probabilities of the pieces' tokens and of the most probable ones."""
        raise NotImplementedError

    def _usage(self, count: int) -> dict:
        """Tokens of the first expert's prompt, and of the answer."""
        prompt = len(self.asked.request.prompts[0])
        return {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}

    def _reply(self, kind: str, choices: list[dict]) -> dict:
        return self.head | {"object": kind, "choices": choices}

    def _choice(self, said: dict, reason: str | None, pieces: Sequence[AnswerPiece]) -> dict:
        choice = {"index": 0, **said, "finish_reason": reason}
        if self.question.most_probable() is not None:
            choice["logprobs"] = self.logprobs(pieces)
        if self.question.alphas:
            choice["mope"] = [{"text": p.text} | weights_of(p.token, self.asked) for p in pieces]
        return choice


class ChatReply(ReplyWriter):
    """Chat completions: a message, or its deltas."""

    PREFIX, WHOLE, CHUNK = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def before(self) -> list[dict]:
        first = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        return [self._reply(self.CHUNK, [first])]

    def said(self, text: str) -> dict:
        return {"message": {"role": "assistant", "content": text}}

    def added(self, text: str) -> dict:
        return {"delta": {"content": text}}

    def logprobs(self, pieces: Sequence[AnswerPiece]) -> dict:
        content = [
            self._logprob(p.token.token, p.token.logprob)
            | {"top_logprobs": [self._logprob(*pair) for pair in p.token.top]}
            for p in pieces
        ]
        return {"content": content, "refusal": None}

    def _logprob(self, token: int, logprob: float) -> dict:
        text = self.run.tokenizer.decode([token])
        whole = "\ufffd" not in text
        return {"token": text, "logprob": max(logprob, LEAST_LOGPROB), "bytes": list(text.encode()) if whole else None}


class CompletionReply(ReplyWriter):
    """Completions: text. A token that shares its text with another one is named `token_id:N`, as vLLM does."""

    PREFIX, WHOLE, CHUNK = "cmpl", "text_completion", "text_completion"
    shown = 0  # characters of the answer so far

    def said(self, text: str) -> dict:
        return {"text": text, "logprobs": None}

    added = said

    def logprobs(self, pieces: Sequence[AnswerPiece]) -> dict:
        names, told = self.run.token_names, {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
        for piece in pieces:
            token, logprob = piece.token.token, max(piece.token.logprob, LEAST_LOGPROB)
            told["tokens"].append(names[token])
            told["token_logprobs"].append(logprob)
            top = {names[other]: max(value, LEAST_LOGPROB) for other, value in piece.token.top}
            told["top_logprobs"].append({names[token]: logprob} | top)
            told["text_offset"].append(self.shown)
            self.shown += len(piece.text)
        return told


def reply_writer(question: AnyQuestion, asked: ParsedQuestion, run: ServedRun) -> ReplyWriter:
    """The writer for the kind of question."""
    return (ChatReply if isinstance(question, ChatQuestion) else CompletionReply)(question, asked, run)

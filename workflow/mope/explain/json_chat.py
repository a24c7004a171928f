"""Chat for programs: questions and answers as JSON lines."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from mope.data.conversation import question as question_of
from mope.errors import MopeError
from mope.explain.known_topics import outside
from mope.explain.mixture_answers import MixtureAnswers, Piece
from mope.explain.terminal_chat import parse_preferences
from mope.preferences import Preferences
from mope.world.worlds import World


def talk_json(
    answers: MixtureAnswers, world: World | None, lines: Iterable[str], out: TextIO, seed: int | None = None
) -> None:
    """For every question one JSON object per token, and a last one with `finish_reason`; or one with `error`.

    `known` in the last one is whether the base was trained on the topics of the question, null where that is unknown.
    """

    def write(found: dict) -> None:
        print(json.dumps(found), file=out, flush=True)

    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        pieces: list[Piece] = []

        def show(piece: Piece, pieces=pieces) -> None:
            pieces.append(piece)
            write(asdict(piece) | {"carrier": piece.carrier})

        try:
            prompt, combination, own = read_json_question(line, answers.preferences)
            reason = answers.answer(prompt, combination, show, seed if own is None else own)
        except MopeError as error:
            write({"error": str(error), "line": number})
            continue
        response = "".join(piece.text for piece in pieces)
        end = {"finish_reason": reason, "combination": combination, "n_tokens": len(pieces), "response": response}
        write(end | {"known": None if world is None else not outside(world, prompt)})


def read_json_question(line: str, preferences: Preferences) -> tuple[str, str, int | None]:
    """(prompt, combination, seed or None) of {"prompt": text or messages, "preferences": [ids or names], "seed": int}.

    `MopeError` for anything else.
    """
    try:
        question = json.loads(line)
        prompt, wanted = question["prompt"], question["preferences"]
        words = isinstance(wanted, list) and all(isinstance(word, str) for word in wanted)
        empty = not (prompt.strip() if isinstance(prompt, str) else prompt)
        if not words or not isinstance(prompt, str | list) or empty:
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MopeError(f'{line.strip()[:100]!r}: expected {{"prompt": str, "preferences": [str]}}') from None
    prompt = question_of(prompt, repr(line.strip()[:100]), "prompt", answered=False)
    seed = question.get("seed")
    if seed is not None and (type(seed) is not int or seed < 0):
        raise MopeError(f"seed: {seed!r} found, a whole number from 0 is expected")
    return prompt, parse_preferences(" ".join(wanted), preferences), seed

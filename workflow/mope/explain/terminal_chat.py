"""Chat in the terminal: instruction and preferences in, tokens out, coloured by the expert with the largest share."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import torch
from transformers import AutoTokenizer

from mope.controller.loading import load_controller
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.mixture import PromptScheme, mixture_request
from mope.decoding.request import Token
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import turn_ends
from mope.errors import MopeError
from mope.pools.open_pool import open_pool
from mope.preferences import Preferences

TERMINAL_COLOURS = (32, 36, 33, 35, 34, 31, 92, 96)  # ANSI codes, one per expert


@dataclass(frozen=True)
class TerminalSettings:
    """How answers are written; temperature 0 is greedy, `expert_prompt` as in config.yaml."""

    temperature: float
    max_new_tokens: int
    seed: int
    expert_prompt: str


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


def posterior_shares(alphas: torch.Tensor, expert_logprobs: torch.Tensor) -> torch.Tensor:
    """α_i p_i(y_t) / Σ_j α_j p_j(y_t): the share (k,) of each expert in the probability of the chosen token."""
    return (alphas.log() + expert_logprobs).softmax(dim=-1)


def parse_preferences(text: str, preferences: Preferences) -> str:
    """Ids or names in any order ("concise, friendly, P1B") as a combination; one of every dimension is needed.

    `MopeError` for an unknown word, or where a dimension has none or several.
    """
    words = [word for word in re.split(r"[\s,;-]+", text.strip()) if word]
    known = {key.lower(): i for i in preferences.ids for key in (i, preferences.names[i])}
    for word in words:
        if word.lower() not in known:
            choices = ", ".join(f"{preferences.names[i]} ({i})" for i in preferences.ids)
            raise MopeError(f"preference {word!r}: expected one of {choices}")
    chosen = {known[word.lower()] for word in words}
    members = [[pole for pole in poles if pole in chosen] for poles in preferences.dimensions.values()]
    for name, found in zip(preferences.dimensions, members):
        if len(found) != 1:
            poles = " or ".join(preferences.names[pole] for pole in preferences.dimensions[name])
            raise MopeError(f"{name}: found {len(found)} preferences, one is needed: {poles}")
    return "-".join(pole for [pole] in members)


def added_text(tokenizer, tokens: list[int], shown: str) -> str:
    """What the last of `tokens` adds to the text `shown` of those before it.

    Decoded alone, it would lose the space it begins with under some tokenizers.
    """
    text = tokenizer.decode(tokens, skip_special_tokens=True)
    return "" if text.endswith("\ufffd") else text[len(shown) :]  # an incomplete character waits for the next token


class Chat:
    """The trained parts of a run: base, experts and controller."""

    def __init__(
        self, base: Path, experts: dict[str, Path], controller: Path, preferences: Preferences, precision: str
    ):
        self.tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
        self.ends = turn_ends(base, self.tokenizer)
        self.preferences = preferences
        self.pool = open_pool(base, {i: experts[i] for i in preferences.ids}, precision)
        self.controller = load_controller(controller, self.pool, preferences, self.tokenizer)

    def answer(self, prompt: str, combination: str, settings: TerminalSettings, show: Callable[[Piece], None]) -> str:
        """Decode one answer, showing every piece as it comes; returns the finish reason."""
        tokens, pool = [], self.pool
        request = mixture_request(
            self.tokenizer,
            self.preferences,
            prompt,
            combination,
            PromptScheme(settings.expert_prompt, self.controller.config.reads, self.controller.config.mixes),
            pool.names,
            settings.max_new_tokens,
            settings.seed,
        )
        members = [pool.names[expert] for expert in request.experts]
        shown = ""

        def on_token(event: Token) -> None:
            nonlocal shown
            tokens.append(event.token)
            added = added_text(self.tokenizer, tokens, shown)
            shown += added
            alphas = event.alphas[list(request.experts)].cpu()
            shares = posterior_shares(alphas, event.expert_logprobs.cpu())
            named = [dict(zip(members, values.tolist(), strict=True)) for values in (alphas, shares)]
            show(Piece(event.token, added, *named))

        pad = self.tokenizer.pad_token_id
        sampling = Sampling(temperature=settings.temperature)
        decoder = self.controller.decoder()
        [answer] = decode(pool, Probability(), [request], sampling, self.ends, pad, decoder, on_token=on_token)
        return answer.finish_reason


def paint(text: str, preference: str, preferences: Preferences, colour: bool) -> str:
    """Text in the colour of a preference's expert."""
    if not colour or not text:
        return text
    code = TERMINAL_COLOURS[preferences.ids.index(preference) % len(TERMINAL_COLOURS)]
    return f"\x1b[{code}m{text}\x1b[0m"


def legend(preferences: Preferences, colour: bool) -> str:
    """One line: the experts, by dimension, each in its colour."""
    dimensions = [
        " / ".join(paint(preferences.names[pole], pole, preferences, colour) for pole in poles)
        for poles in preferences.dimensions.values()
    ]
    return "   ".join(dimensions)


def talk(chat: Chat, settings: TerminalSettings, lines: TextIO, out: TextIO, colour: bool) -> None:
    """Answer what a person types, with every token in the colour of the expert with the largest share."""
    preferences = chat.preferences

    def write(text: str) -> None:
        out.write(text)
        out.flush()

    write(f"{legend(preferences, colour)}\nOne preference of each kind, then an instruction; an empty line ends.\n")
    for prompt, combination in read_questions(lines, preferences, write):
        chat.answer(prompt, combination, settings, lambda p: write(paint(p.text, p.carrier, preferences, colour)))
        write("\n")


def talk_json(chat: Chat, settings: TerminalSettings, lines: TextIO, out: TextIO) -> None:
    """One JSON object per token, and a last one with `finish_reason`, for every JSON question."""
    for prompt, combination in read_json_questions(lines, chat.preferences):
        pieces: list[Piece] = []

        def show(piece: Piece, pieces=pieces) -> None:
            pieces.append(piece)
            print(json.dumps(asdict(piece) | {"carrier": piece.carrier}), file=out, flush=True)

        reason = chat.answer(prompt, combination, settings, show)
        response = "".join(piece.text for piece in pieces)
        end = {"finish_reason": reason, "combination": combination, "n_tokens": len(pieces), "response": response}
        print(json.dumps(end), file=out, flush=True)


def read_questions(lines: TextIO, preferences: Preferences, ask: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """(instruction, combination) pairs typed by a person, until an empty instruction or the end of the input."""
    combination = None
    while True:
        ask("preferences" + (f" [{combination}]" if combination else "") + "> ")
        line = lines.readline()
        if not line:
            return
        try:
            combination = parse_preferences(line, preferences) if line.strip() or not combination else combination
        except MopeError as error:
            ask(f"{error}\n")
            continue
        ask("instruction> ")
        prompt = lines.readline().strip()
        if not prompt:
            return
        yield prompt, combination


def read_json_questions(lines: TextIO, preferences: Preferences) -> Iterator[tuple[str, str]]:
    """(instruction, combination) of JSON lines {"prompt": str, "preferences": [ids or names]}.

    `MopeError` for a line of another form.
    """
    for line in lines:
        if not line.strip():
            continue
        try:
            question = json.loads(line)
            prompt, wanted = question["prompt"], question["preferences"]
            if not isinstance(prompt, str) or not all(isinstance(word, str) for word in wanted):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            raise MopeError(f'{line.strip()[:100]!r}: expected {{"prompt": str, "preferences": [str]}}') from None
        yield prompt, parse_preferences(" ".join(wanted), preferences)

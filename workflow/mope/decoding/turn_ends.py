"""The tokens that end an answer: one rule for training, decoding and what is read afterwards."""

from dataclasses import dataclass
from pathlib import Path

from transformers import GenerationConfig, PreTrainedTokenizerBase

from mope.prompting import messages, reply

PROBE = ("What is rain", "Rain is water")  # words that no template holds, without spaces around them


@dataclass(frozen=True)
class TurnEnds:
    """The ids of all tokens that end an answer, each once, and of the padding that follows its end in a batch."""

    ids: tuple[int, ...]
    pad_id: int


def turn_ends(base: str | Path, tokenizer: PreTrainedTokenizerBase) -> TurnEnds:
    """How an answer of the model in the folder `base` ends.

    First what its chat template writes after an answer, then the tokenizer's end-of-text token, then those of
    `generation_config.json`: an instruction-tuned model may have learnt any of them.
    """
    found = (Path(base) / "generation_config.json").is_file()
    named = GenerationConfig.from_pretrained(base).eos_token_id if found else None
    return TurnEnds(ends_of(tokenizer, named), tokenizer.pad_token_id)


def ends_of(tokenizer: PreTrainedTokenizerBase, named: int | list[int] | None) -> tuple[int, ...]:
    """The ids of the tokens that end an answer, with those that a generation configuration has `named`."""
    found = [template_end(tokenizer), tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])]
    return tuple(dict.fromkeys(end for end in found if end is not None))


def template_end(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Id of the token that the chat template writes right after an answer; None where that is plain text or nothing."""
    question, answer = PROBE
    written = tokenizer.apply_chat_template([*messages(question), reply(answer)], tokenize=False)
    tail = written.rpartition(answer)[2].lstrip()
    added = {token.content: number for number, token in tokenizer.added_tokens_decoder.items() if token.content}
    ends = [token for token in added if tail.startswith(token)]
    return added[max(ends, key=len)] if ends else None

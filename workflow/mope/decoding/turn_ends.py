"""The tokens that end an answer: one rule for training, decoding and what is read afterwards."""

from pathlib import Path

from transformers import GenerationConfig, PreTrainedTokenizerBase

from mope.prompting import messages, reply

PROBE = ("What is rain", "Rain is water")  # words that no template holds, without spaces around them


def turn_ends(base: str | Path, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Ids of all tokens that end an answer of the model in the folder `base`, each once.

    First what its chat template writes after an answer, then the tokenizer's end-of-text token, then those of
    `generation_config.json`: an instruction-tuned model may have learnt any of them.
    """
    found = (Path(base) / "generation_config.json").is_file()
    return ends_of(tokenizer, GenerationConfig.from_pretrained(base).eos_token_id if found else None)


def ends_of(tokenizer: PreTrainedTokenizerBase, named: int | list[int] | None) -> tuple[int, ...]:
    """The same, with the ids that a generation configuration has `named`."""
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

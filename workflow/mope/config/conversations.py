"""Whether the base's chat template can render the conversations in a user's files: known before the first job."""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from mope.errors import MopeError
from mope.prompting import is_conversation, rendered_chat, reply, turns
from mope.training.base_source import gguf_file, given


def conversation_problems(prompts: Iterable[tuple[str, str]], config: dict, directory: Path) -> Iterator[str]:
    """What is wrong with the first of the (place, prompt) that the base cannot read or answer, if there is one.

    Without a network nothing is known of a model of the Hugging Face Hub; then the stages that read refuse.
    """
    conversations = [(place, turns(prompt)) for place, prompt in prompts if is_conversation(prompt)]
    tokenizer = base_tokenizer(config, directory) if conversations else None
    for place, said in conversations if tokenizer else ():
        try:
            rendered_chat(tokenizer, said, begin=True)
            rendered_chat(tokenizer, [*said, reply("Yes.")])
        except MopeError as error:
            yield f"{place}: {error}"
            return


def base_tokenizer(config: dict, directory: Path):
    """The tokenizer of the base, or one with its chat template; None where the base is not there or cannot be read."""
    base = config["base"]
    try:
        if not given(base):
            return _untrained()
        if file := gguf_file(base, directory):
            return _read(file.parent, gguf_file=file.name)
        if base["hub"]:
            return _read(base["hub"]["id"], revision=base["hub"]["revision"])
        return _read(directory / base["path"])
    except Exception:  # noqa: BLE001 (what the libraries raise; other checks and the import say what is wrong)
        return None


@functools.cache
def _read(origin: Path | str, **options: str):
    from transformers import AutoTokenizer  # noqa: PLC0415 (only where there are conversations)

    return AutoTokenizer.from_pretrained(origin, **options, trust_remote_code=False)


@functools.cache
def _untrained():
    from mope.training.tokenizer import train_tokenizer  # noqa: PLC0415

    tokenizer = train_tokenizer([], 300)
    tokenizer.name_or_path = "the base that is trained here"
    return tokenizer

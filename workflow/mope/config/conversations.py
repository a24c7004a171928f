"""Whether the base's chat template can render the conversations in a user's files: known before the first job."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from mope.config.base_tokenizer import base_tokenizer
from mope.errors import MopeError
from mope.prompting import is_conversation, rendered_chat, reply, turns


def conversation_problems(prompts: Iterable[tuple[str, str]], config: dict, directory: Path) -> Iterator[str]:
    """What is wrong with the first of the (place, prompt) that the base cannot read or answer, if there is one.

    Without a network nothing is known of a model of the Hugging Face Hub; then the stages that read the files check it.
    """
    conversations = [(place, turns(prompt)) for place, prompt in prompts if is_conversation(prompt)]
    try:
        tokenizer = base_tokenizer(config["base"], directory) if conversations else None
    except MopeError as error:
        yield f"{conversations[0][0]}: a conversation, for which the chat template of the base is needed: {error}"
        return
    for place, said in conversations if tokenizer else ():
        try:
            rendered_chat(tokenizer, said, begin=True)
            rendered_chat(tokenizer, [*said, reply("Yes.")])
        except MopeError as error:
            yield f"{place}: {error}"
            return

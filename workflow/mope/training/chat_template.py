"""The chat template of a user's model: what every stage relies on, tried once before any of them."""

import datetime
import re

from transformers import PreTrainedTokenizerBase

from mope.decoding.turn_ends import PROBE
from mope.errors import MopeError, visible
from mope.prompting import messages, reply

DAY = datetime.datetime(2024, 7, 26)  # the day that Llama 3's own template falls back on
CLOCKS = [f"{{% macro strftime_now(form) %}}{day}{{% endmacro %}}" for day in ("today", "tomorrow")]
TRIES = 4  # renderings by each clock, which chance would make differ
NOW = re.compile(r"""strftime_now\(\s*(?P<quote>["'])(?P<format>[^"'\\]*)(?P=quote)\s*\)""")


def settle_template(tokenizer: PreTrainedTokenizerBase, origin: str) -> None:
    """Give the tokenizer one template that writes the same on any day; `MopeError` where that cannot be.

    Where it writes the date, that is `DAY` from now on: what a model reads must not depend on when it is asked.
    """
    try:
        tokenizer.chat_template = without_clock(tokenizer.get_chat_template())
    except ValueError:
        raise MopeError(f"{origin}: several chat templates, none is the default; one is expected") from None
    question, answer = PROBE
    asked = rendered(tokenizer, messages(question), origin, begin=True)
    if question not in asked:
        raise MopeError(f"{origin}: the chat template makes nothing of a user's message; its text is expected")
    whole = rendered(tokenizer, [*messages(question), reply(answer)], origin)
    if question not in whole or answer not in whole.rpartition(question)[2]:
        raise MopeError(f"{origin}: the chat template leaves an answer out; question, then answer, are expected")


def without_clock(template: str) -> str:
    """The template with `DAY` in the place of today's date, in the same form."""
    return NOW.sub(lambda found: repr(DAY.strftime(found["format"])), template)


def rendered(tokenizer: PreTrainedTokenizerBase, talk: list[dict[str, str]], origin: str, begin: bool = False) -> str:
    """The conversation `talk` as text; `MopeError` where the template raises or depends on the day or on chance."""
    try:
        texts = [
            tokenizer.apply_chat_template(
                talk, tokenize=False, add_generation_prompt=begin, chat_template=clock + tokenizer.chat_template
            )
            for clock in CLOCKS * TRIES
        ]
    except Exception as error:  # what a template raises is of any type: it is a program
        said = visible(str(error) or type(error).__name__)[:200]
        roles = " and ".join(message["role"] for message in talk)
        raise MopeError(
            f"{origin}: the chat template fails on a conversation of {roles} alone ({said}); "
            "one that needs no system message is expected"
        ) from None
    if len(set(texts)) > 1:
        raise MopeError(
            f"{origin}: the chat template writes another text each time; one without date or chance is expected"
        )
    return texts[0]

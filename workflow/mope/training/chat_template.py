"""Checks that a user's model has a chat template with the properties on which every stage relies."""

import datetime
import re

from transformers import PreTrainedTokenizerBase

from mope.decoding.turn_ends import PROBE
from mope.errors import MopeError, visible
from mope.prompting import messages, reply

DAY = datetime.datetime(2024, 7, 26)  # the default date of Llama 3's template
CLOCKS = [f"{{% macro strftime_now(form) %}}{day}{{% endmacro %}}" for day in ("today", "tomorrow")]
TRIES = 4  # renderings with each clock, enough to detect a template that depends on chance
NOW = re.compile(r"""strftime_now\(\s*(?P<quote>["'])(?P<format>[^"'\\]*)(?P=quote)\s*\)""")


def settle_template(tokenizer: PreTrainedTokenizerBase, origin: str) -> None:
    """Give the tokenizer a single chat template whose output does not depend on the date; errors name `origin`.

    Where the template writes today's date, it writes `DAY` from now on. `MopeError` where there are several templates
    without a default, where the template fails or its output still varies, or where it leaves out a message.
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
    """The template with `DAY` in place of today's date, in the same format."""
    return NOW.sub(lambda found: repr(DAY.strftime(found["format"])), template)


def rendered(tokenizer: PreTrainedTokenizerBase, talk: list[dict[str, str]], origin: str, begin: bool = False) -> str:
    """The conversation `talk` as text; `begin` adds the beginning of an answer.

    `MopeError` where the template raises an error, or depends on the date or on chance.
    """
    try:
        texts = [
            tokenizer.apply_chat_template(
                talk, tokenize=False, add_generation_prompt=begin, chat_template=clock + tokenizer.chat_template
            )
            for clock in CLOCKS * TRIES
        ]
    except Exception as error:  # a template is a program, which may raise any type
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

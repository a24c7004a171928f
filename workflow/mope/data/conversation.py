"""Conversations in the forms that data sets use, of one turn or several: what was asked, and the answer to it.

A message is {role, content} (OpenAI, TRL) or {from, value} (ShareGPT); its content is text, or a list of parts of text.
A cell of a table may hold the list of messages as JSON. Every message is kept, or the conversation is refused.
"""

import re

from mope.data.records import check_unicode, parsed
from mope.errors import MopeError
from mope.prompting import Conversation, prompt_text

ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
CALLS = ("tool_calls", "function_call")  # keys of a message that are lost where its text alone is read
MESSAGE_LIST = re.compile(r"""\s*\[\s*\{\s*['"](?:role|content|from|value)['"]\s*:""")  # how one begins as text


def question(value: object, place: str, key: str, system: object = None, answered: bool = True) -> str:
    """What is asked, as `prompt_text` writes it: a text, or a conversation that ends with a message of the user.

    An answer to it, the last message, is passed over if it may be `answered`. `system` is text that stands apart.
    `MopeError` begins with `place` and names the `key`.
    """
    value = message_list(value, place, key)
    if isinstance(value, str):
        said = [{"role": "user", "content": value}]
    else:
        said = messages_of(value, place, key)
        if answered and said[-1]["role"] == "assistant":
            said = said[:-1]
    if all(message["role"] != "user" for message in said):
        raise MopeError(f"{place}: {key} holds no message of the user; at least one question is expected")
    if said[-1]["role"] != "user":
        raise MopeError(f"{place}: {key} ends with a message of role {said[-1]['role']}; one of the user is expected")
    apart = system_message(system, place)
    return prompt_text([*([] if apart == said[:1] else apart), *said])


def answer(value: object, place: str, key: str) -> tuple[Conversation, str]:
    """The messages before an answer, if there are any, and the answer: a text, or the last message of a conversation.

    `MopeError` begins with `place` and names the `key`.
    """
    value = message_list(value, place, key)
    if isinstance(value, str):
        return [], value
    *before, last = messages_of([value] if isinstance(value, dict) else value, place, key)
    if last["role"] != "assistant":
        raise MopeError(
            f"{place}: {key} ends with a message of role {last['role']}; one of the assistant, the answer, is expected"
        )
    return before, last["content"]


def message_list(value: object, place: str, key: str) -> object:
    """The value, or the list of messages that its text is."""
    if not isinstance(value, str) or not MESSAGE_LIST.match(value):
        return value
    found, problem = parsed(value)
    if problem:
        raise MopeError(f"{place}: {key} begins like a list of messages, but is not JSON ({problem}); JSON is expected")
    return found


def messages_of(value: object, place: str, key: str) -> Conversation:
    """The messages of a list, as {role, content} of the roles system, user and assistant."""
    if not isinstance(value, list) or not value:
        raise MopeError(f"{place}: {key} is {_short(value)}; text, or a list of messages, is expected")
    return [_message(message, place, key) for message in value]


def system_message(text: object, place: str) -> Conversation:
    """The system message that stands beside a prompt as `system`, if there is one."""
    if text is None or text == "":
        return []
    if not isinstance(text, str) or not text.strip():
        raise MopeError(f"{place}: system is {_short(text)}; text, or nothing, is expected")
    check_unicode(text, place, "system")
    return [{"role": "system", "content": text}]


def _message(message: object, place: str, key: str) -> dict[str, str]:
    if not isinstance(message, dict):
        raise MopeError(f"{place}: {key} holds {_short(message)}; a message of role and content is expected")
    role = message.get("role", message.get("from"))
    if not isinstance(role, str) or role not in ROLES:
        raise MopeError(f"{place}: {key} holds a message of role {_short(role)}; user or assistant is expected")
    call = next((name for name in CALLS if message.get(name)), None)
    if call:
        raise MopeError(f"{place}: {key} holds a message with {call}, which would be lost; text alone is expected")
    content = message.get("content", message.get("value"))
    if isinstance(content, list):
        content = _joined(content)
    if not isinstance(content, str) or not content.strip():
        raise MopeError(f"{place}: {key} holds a message of {role} without text; text alone is expected")
    check_unicode(content, place, key)
    return {"role": ROLES[role], "content": content}


def _joined(parts: list) -> str | None:
    """Parts of text as one; None where a part is something else, such as an image."""
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in parts]
    return "".join(texts) if all(isinstance(text, str) for text in texts) else None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

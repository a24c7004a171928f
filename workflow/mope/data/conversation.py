"""Conversations in the forms that data sets use, of one turn or several: what was asked, and the answer to it.

A message is {role, content} (OpenAI, TRL) or {from, value} (ShareGPT); its content is text, or a list of parts of text.
A cell of a table may hold the list of messages as JSON. Every message is kept, or the conversation is refused.
"""

import re

from mope.data.records import check_unicode, parsed
from mope.errors import MopeError
from mope.prompting import Conversation, prompt_text, reply, turns

ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
SYSTEM_KEYS = ("system", "system_prompt")
BESIDE = (*SYSTEM_KEYS, "history", "input")  # keys of a record that stand beside its prompt
CALLS = ("tool_calls", "function_call")  # keys of a message that are lost where its text alone is read
# The beginning of a list of messages that is given as text.
MESSAGE_LIST = re.compile(r"""\s*\[\s*\{\s*['"](?:role|content|from|value)['"]\s*:""")


def record_question(content: dict, key: str, place: str, answered: bool = True) -> str:
    """What a record asks as `key`, with what stands beside it: a system message, `history`, and `input`.

    `history` are earlier turns as pairs of question and answer, `input` is text that follows the prompt, as in Alpaca.
    A list of messages must hold both already; what they would add to it is refused. `MopeError` begins with `place`.
    """
    value = message_list(content[key], place, key)
    system = next((content[name] for name in SYSTEM_KEYS if content.get(name)), None)
    more = content.get("input") or ""
    earlier = _earlier(content.get("history"), place)
    if not isinstance(value, str):
        asked = question(value, place, key, system, answered)
        said = [message for message in turns(asked) if message["role"] != "system"]
        added = {"history": said[: len(earlier)] != earlier, "input": str(more).strip() not in said[-1]["content"]}
        if any(added.values()):
            names = " and ".join(name for name in added if added[name])
            raise MopeError(f"{place}: {names} beside the messages of {key} says more; all turns as {key} are expected")
        return asked
    parts = [value] if not more or more == value else [value, more]
    for part in parts:
        if not isinstance(part, str) or not part.strip():
            raise MopeError(f"{place}: {key} is {part!r}; text that is not empty is expected")
        check_unicode(part, place, key)
    said = {"role": "user", "content": " ".join(part.strip() for part in parts)}
    return prompt_text([*system_message(system, place), *earlier, said])


def same_question(asked: dict[str, str], place: str) -> str:
    """The one question that these keys of a record hold; `MopeError` where they hold different ones."""
    if len({tuple((m["role"], m["content"].strip()) for m in turns(text)) for text in asked.values()}) > 1:
        said = ", ".join(f"{key} {len(turns(text))} messages" for key, text in asked.items())
        *others, last = asked
        names = f"{', '.join(others)} and {last}"
        raise MopeError(f"{place}: {names} hold different questions ({said}, without the answer); one is expected")
    return next(iter(asked.values()))


def question(value: object, place: str, key: str, system: object = None, answered: bool = True) -> str:
    """What is asked, as `prompt_text` writes it: a text, or a conversation that ends with a message of the user.

    With `answered`, an answer as the last message is left out. `system` is text that stands apart.
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


def _earlier(history: object, place: str) -> Conversation:
    """The messages of earlier turns, given as a list of [question, answer], or as its JSON."""
    if isinstance(history, str) and (pairs := parsed(history)[0]):
        history = pairs
    said: list[dict[str, str]] = []
    for turn in history if isinstance(history, list) else [history] if history else []:
        if not isinstance(turn, list) or len(turn) != 2 or not all(isinstance(t, str) and t.strip() for t in turn):
            raise MopeError(f"{place}: history holds {turn!r}; pairs of question and answer are expected")
        for text in turn:
            check_unicode(text, place, "history")
        said += [{"role": "user", "content": turn[0]}, reply(turn[1])]
    return said

"""Conversations in the forms that data sets use, of which one turn each can be read: a question and its answer.

A message is {role, content} (OpenAI, TRL) or {from, value} (ShareGPT); its content is text, or a list of parts of text.
Conversations of several turns and system messages are refused, because the models here are asked a single question, and
what is dropped or joined would change what was asked.
"""

from mope.errors import MopeError

ROLES = {"user": "user", "human": "user", "prompter": "user", "assistant": "assistant", "gpt": "assistant"}


def question(value: object, place: str, key: str) -> str:
    """The one question of a prompt: a text, or a conversation that begins with it; an answer to it is passed over.

    `MopeError`, which begins with the `place`, where there is none or more than one.
    """
    if isinstance(value, str):
        return value
    asked, _ = _turn(value, place, key)
    if asked is None:
        raise MopeError(f"{place}: {key} holds no message of the user; one question is expected")
    return asked


def answer(value: object, place: str, key: str) -> tuple[str | None, str]:
    """Question, if the conversation holds it, and answer: a text, a message of the assistant, or one turn.

    `MopeError`, which begins with the `place`, for anything else.
    """
    if isinstance(value, str):
        return None, value
    asked, answered = _turn([value] if isinstance(value, dict) else value, place, key)
    if answered is None:
        raise MopeError(
            f"{place}: {key} ends with a message of the user; one of the assistant, the answer, is expected"
        )
    return asked, answered


def _turn(messages: object, place: str, key: str) -> tuple[str | None, str | None]:
    """What the user asks and the assistant answers in a conversation of one turn at most, each where it is there."""
    if not isinstance(messages, list) or not messages:
        raise MopeError(f"{place}: {key} is {_short(messages)}; text, or a list of messages, is expected")
    said = [_message(message, place, key) for message in messages]
    roles = [role for role, _ in said]
    if "system" in roles:
        raise MopeError(f"{place}: {key} holds a system message, which would be lost; a question alone is expected")
    if roles not in (["user"], ["assistant"], ["user", "assistant"]):
        found = f"{len(said)} messages ({', '.join(roles[:6])}{', ...' if len(roles) > 6 else ''})"
        if roles.count("user") > 1 and roles[-1] == "user":
            found += ", the last one of the user"
        raise MopeError(f"{place}: {key} is a conversation of {found}; one question and one answer are expected")
    texts = dict(said)
    return texts.get("user"), texts.get("assistant")


def _message(message: object, place: str, key: str) -> tuple[str, str]:
    """Role and text of a message."""
    if not isinstance(message, dict):
        raise MopeError(f"{place}: {key} holds {_short(message)}; a message of role and content is expected")
    role = message.get("role", message.get("from"))
    if not isinstance(role, str) or role not in (*ROLES, "system"):
        raise MopeError(f"{place}: {key} holds a message of role {_short(role)}; user or assistant is expected")
    content = message.get("content", message.get("value"))
    if isinstance(content, list):
        content = _joined(content)
    if not isinstance(content, str) or not content.strip():
        raise MopeError(f"{place}: {key} holds a message of {role} without text; text alone is expected")
    return ROLES.get(role, role), content


def _joined(parts: list) -> str | None:
    """Parts of text as one; None where a part is something else, such as an image."""
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in parts]
    return "".join(texts) if all(isinstance(text, str) for text in texts) else None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

"""The body of a call, and changes that a server needs: set in the configuration, or asked for by a refusal."""

import re
from collections.abc import Callable, Iterable

from mope.judging.kinds.chat_settings import ChatJudgeSettings
from mope.runtime.server import reason

RENAMES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
READ = 2000  # characters of a refusal that are searched for a parameter's name
# What a refusal says of a parameter, of content that is a text, and of a system message.
REFUSED = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|extra|not permitted|not allowed|deprecated|no longer"
    r"|use '?max_|cannot find"
)
LISTED = re.compile(r"content.*(\blist\b|\barray\b|\bparts\b)|(\blist\b|\barray\b).*content", re.DOTALL)
NO_SYSTEM = re.compile(r"\bsystem\b.*\b(role|message|prompt|instruction)|\brole\b.*\bsystem\b|developer instruction")


def _renamed(old: str) -> Callable[[dict], dict]:
    return lambda body: {RENAMES[old] if name == old else name: value for name, value in body.items()}


def _without(parameter: str) -> Callable[[dict], dict]:
    return lambda body: {name: value for name, value in body.items() if name != parameter}


def _no_system_role(body: dict) -> dict:
    """The system message is put in front of the first message of the user."""
    first, *rest = body["messages"]
    if first["role"] != "system":
        return body
    system, user = first["content"], rest[0]["content"]
    both = f"{system}\n\n{user}" if isinstance(user, str) else [*system, *user]
    return body | {"messages": [rest[0] | {"content": both}, *rest[1:]]}


def _in_parts(body: dict) -> dict:
    """The content of each message, a text, becomes a list of one part of type text."""
    parts = [m | {"content": [{"type": "text", "text": m["content"]}]} for m in body["messages"]]
    return body | {"messages": parts}


CHANGES: dict[str, Callable[[dict], dict]] = {  # in the order in which they are made
    "max_completion_tokens instead of max_tokens": _renamed("max_tokens"),
    "max_tokens instead of max_completion_tokens": _renamed("max_completion_tokens"),
    "no temperature": _without("temperature"),
    "no seed": _without("seed"),
    "no system role": _no_system_role,
    "content in parts": _in_parts,
}
RENAMED = tuple(CHANGES)[:2]


def changed(body: dict, changes: Iterable[str]) -> dict:
    """The body after the changes with these names, made in the order of `CHANGES`."""
    wanted = set(changes)
    for name, change in CHANGES.items():
        body = change(body) if name in wanted else body
    return body


def body_of(settings: ChatJudgeSettings, messages: list[dict[str, str]]) -> dict:
    """The body of a call as the configuration wants it; the same body always means the same answer."""
    body = {
        "model": settings.model,
        "messages": messages,
        "temperature": settings.temperature,
        "seed": settings.seed,
        "max_tokens": settings.max_tokens,
    }
    chosen = {
        "max_completion_tokens instead of max_tokens": settings.limit != "max_tokens",
        "no temperature": settings.temperature is None,
        "no seed": settings.seed is None,
        "no system role": not settings.system_role,
        "content in parts": settings.content == "parts",
    }
    return changed(body, [name for name, wanted in chosen.items() if wanted]) | settings.extra


def change_for_refusal(body: dict, refusal: object, changes: frozenset[str]) -> str | None:
    """The change that a 400 or 422 with the body `refusal` asks for, if it names one that `changes` has not yet.

    `body` is what was sent. The limit of an answer is renamed at most once and never left out: it bounds the cost.
    """
    text = reason(refusal)[:READ].lower()
    named = _named(refusal) or set(re.findall(r"[a-z_]+", text))
    limit = next((name for name in RENAMES if name in body), None)
    asked = {
        "no temperature": "temperature" in body and "temperature" in named,
        "no seed": "seed" in body and "seed" in named,
        "no system role": body["messages"][0]["role"] == "system" and bool(NO_SYSTEM.search(text)),
        "content in parts": isinstance(body["messages"][0]["content"], str) and bool(LISTED.search(text)),
    }
    if limit in named and REFUSED.search(text) and not changes & set(RENAMED):
        return f"{RENAMES[limit]} instead of {limit}"
    return next((name for name, wanted in asked.items() if wanted and name not in changes), None)


def _named(refusal: object) -> set[str]:
    """Parameters that an error names in fields of their own: OpenAI's `param`, pydantic's `loc`."""
    if not isinstance(refusal, dict):
        return set()
    if isinstance(refusal.get("param"), str):
        return set(re.findall(r"[a-z_]+", refusal["param"]))
    detail = refusal.get("detail")
    places = [item.get("loc") for item in detail if isinstance(item, dict)] if isinstance(detail, list) else []
    return {name for place in places if isinstance(place, list) for name in place if isinstance(name, str)}

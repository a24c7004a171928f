"""A server's answer: it is checked completely before anything of it is stored."""

from mope.runtime.secret import scrub, shown
from mope.runtime.server import MalformedError, reason
from mope.runtime.surrogates import without_surrogates

CHARACTERS_PER_TOKEN = 3.5  # of English text, rounded down so that estimates are on the safe side
ANSWER_TOKENS = 5
FAR_OFF = 20  # a server's count of tokens is not believed where it differs from our estimate by this factor
HIDDEN_TOKENS = 1000  # that a server may add to a prompt
MOST_TOKENS = 10**6  # of an answer, thinking included
MOST_KEPT = 10**9  # tokens in a record, which adds up all calls for one answer
THOUGHTS = ("reasoning_content", "reasoning", "thinking")


def record_of(body: object, prompt_tokens: int | None, secret: str | None = None) -> dict:
    """What is kept of a chat completion: text, tokens of prompt and answer, and `why` where there is no answer.

    A count that the server does not give, or that cannot be true, is our own: `prompt_tokens` (None: not known).
    `MalformedError` where the body is no chat completion.
    """
    choice = _choice(body)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise MalformedError(f"the answer is no chat completion: message is {type(message).__name__}")
    text, refusal = _content(message.get("content"))
    text = scrub(without_surrogates(text), secret)
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    own = max(ANSWER_TOKENS, int(len(text) / CHARACTERS_PER_TOKEN))
    least = int(own / FAR_OFF) if text else 0
    record = {
        "text": text,
        "prompt_tokens": _prompt_count(usage.get("prompt_tokens"), prompt_tokens),
        "completion_tokens": _count(usage.get("completion_tokens"), least, MOST_TOKENS, own),
    }
    refusal = refusal or message.get("refusal")
    why = _why_empty(choice.get("finish_reason"), refusal, any(message.get(name) for name in THOUGHTS))
    return record if text.strip() else record | {"why": shown(why, secret)}


def _choice(body: object) -> dict:
    """The first choice of a chat completion; `MalformedError` where there is none."""
    if not isinstance(body, dict):
        raise MalformedError("the answer is no JSON object")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise MalformedError(f"the answer is no chat completion: {reason(body) or 'it holds no choices'}")
    return choices[0]


def _content(content: object) -> tuple[str, str]:
    """Text and refusal of a message, whose content is a text, or a list of parts of which only texts count."""
    if content is None or isinstance(content, str):
        return content or "", ""
    if not isinstance(content, list) or not all(isinstance(part, dict | str) for part in content):
        raise MalformedError(f"the answer is no chat completion: content is {type(content).__name__}")
    parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
    texts = [part.get("text") for part in parts if part.get("type") in ("text", "output_text")]
    refusals = [part.get("refusal") for part in parts if part.get("type") == "refusal"]
    return "".join(t for t in texts if isinstance(t, str)), " ".join(r for r in refusals if isinstance(r, str))


def _why_empty(finish: object, refusal: object, thought: bool) -> str:
    """Why a message has no text; `thought` says whether it has thoughts."""
    if isinstance(refusal, str) and refusal.strip():
        return f"refused: {refusal}"
    if finish == "content_filter":
        return "refused: content_filter"
    if finish == "length":
        return f"no answer within max_tokens{', only thoughts' if thought else ''}; a larger max_tokens may help"
    return f"empty answer, finish_reason {finish if isinstance(finish, str) else 'missing'}"


def _prompt_count(count: object, own: int | None) -> int | None:
    """The server's count of a prompt's tokens if it can be true by our `own` one, else that."""
    if own is None:
        return _count(count, 1, MOST_KEPT, None)
    return _count(count, max(1, own // FAR_OFF), own * FAR_OFF + HIDDEN_TOKENS, own)


def _count(value: object, least: int, most: int, own: int | None) -> int | None:
    """`value` if it is a whole number from `least` to `most`, else `own`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most else own


def valid(record: object) -> bool:
    """Whether something found in the cache is a record: nothing else may be read as an answer or be charged."""
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return False
    counts = (record.get("prompt_tokens"), record.get("completion_tokens"))
    changes = record.get("changes", [])
    return (
        all(count is None or _count(count, 0, MOST_KEPT, None) is not None for count in counts)
        and isinstance(record.get("why", ""), str)
        and isinstance(changes, list)
        and all(isinstance(change, str) for change in changes)
        and without_surrogates(record["text"]) == record["text"]
    )


def answered(record: dict) -> bool:
    """Whether a record holds an answer; a refusal or an empty one is asked for again in the next run."""
    return "why" not in record and bool(record["text"].strip())

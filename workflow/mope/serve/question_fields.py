"""What a client may send: the bodies of OpenAI's chat completions and completions, with the fields of this server."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from mope.errors import MopeError, shortened
from mope.prompting import prompt_text

MOST_TEXT = 100_000  # characters of a message or a prompt, token ids of a prompt
MOST_STOPS, LONGEST_STOP = 4, 400  # texts that end an answer, characters of each


class FieldError(MopeError):
    """A field of the question that cannot be granted."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field


class Strict(BaseModel):
    """Unknown fields and values of another type are refused, not ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class TextPart(Strict):
    type: Literal["text"]
    text: str = Field(max_length=MOST_TEXT)


class Message(Strict):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart] = Field(min_length=1, max_length=MOST_TEXT)
    name: str | None = None
    refusal: None = None  # OpenAI's answers have these five fields, and clients send them back
    tool_calls: None = None
    function_call: None = None
    audio: None = None
    annotations: list | None = Field(None, max_length=0)

    def said(self) -> dict[str, str]:
        """The message as models read it: its parts joined; the role `developer` is OpenAI's newer name of `system`."""
        parts = [self.content] if isinstance(self.content, str) else [part.text for part in self.content]
        text = whole("".join(parts), "messages")
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class TextFormat(Strict):
    type: Literal["text"]


class StreamOptions(Strict):
    include_usage: bool = False


class AnyQuestion(Strict):
    """The fields that both kinds share; what is None is as in the run's evaluation."""

    TEXT_FIELD: ClassVar[str]  # the field that holds what is to be answered

    model: str = Field(max_length=200)
    preferences: dict[str, float] | None = None
    alphas: bool = False
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, lt=2**63)
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    # Many clients send these two with their default, 0.
    frequency_penalty: float | None = Field(None, ge=0, le=0)
    presence_penalty: float | None = Field(None, ge=0, le=0)
    user: str | None = None
    logit_bias: dict[str, float] | None = Field(None, max_length=0)
    store: Literal[False] | None = None

    def stops(self) -> list[str]:
        """The texts that end an answer; `FieldError` where there are too many, or one is empty or too long."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(stops) > MOST_STOPS or not all(stops):
            raise FieldError(
                "stop",
                f"{len(stops)} texts found, or an empty one; up to {MOST_STOPS} that are not empty are expected",
            )
        longest = max(map(len, stops), default=0)
        if longest > LONGEST_STOP:
            raise FieldError("stop", f"a text of {longest} characters found, at most {LONGEST_STOP} are expected")
        return stops

    def asked(self) -> str | list[int]:
        """A prompt as `prompt_text` writes it, or token ids that models read as they are; or `FieldError`."""
        raise NotImplementedError

    def most_tokens(self) -> int | None:
        """Tokens of the answer at most."""
        return self.max_tokens

    def length_field(self) -> str:
        """The field that says how many tokens the answer has at most."""
        return "max_tokens"

    def most_probable(self) -> int | None:
        """How many of the most probable tokens are sent with each token's log-probability; None: neither is sent."""
        raise NotImplementedError


class ChatQuestion(AnyQuestion):
    """The body of POST /v1/chat/completions."""

    TEXT_FIELD = "messages"

    messages: list[Message] = Field(min_length=1, max_length=200)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    response_format: TextFormat | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)

    def asked(self) -> str:
        said = [message.said() for message in self.messages]
        roles = [message["role"] for message in said]
        by_turns = roles[1:] if roles[0] == "system" else roles
        if by_turns != ["user", "assistant"] * (len(by_turns) // 2) + ["user"]:
            raise FieldError(
                "messages",
                f"{shortened(', '.join(roles), 80)} found; user and assistant by turns are expected, the last "
                "of the user, and before them one of the system at most",
            )
        if not all(message["content"] for message in said):
            raise FieldError("messages", "a message without text found; one with a text is expected")
        return prompt_text(said)

    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    def length_field(self) -> str:
        return "max_completion_tokens" if self.max_completion_tokens else "max_tokens"

    def most_probable(self) -> int | None:
        return (self.top_logprobs or 0) if self.logprobs else None


class CompletionQuestion(AnyQuestion):
    """The body of POST /v1/completions; a `prompt` of text is an instruction."""

    TEXT_FIELD = "prompt"

    prompt: str | list[int] = Field(min_length=1, max_length=MOST_TEXT)
    logprobs: int | None = Field(None, ge=0, le=20)
    best_of: Literal[1] | None = None
    echo: Literal[False] | None = None

    def asked(self) -> str | list[int]:
        if not isinstance(self.prompt, str):
            return self.prompt
        return prompt_text([{"role": "user", "content": whole(self.prompt, "prompt")}])

    def most_probable(self) -> int | None:
        return self.logprobs


def whole(text: str, field: str) -> str:
    """The text, unchanged; `FieldError` for half of a surrogate pair, which is no valid Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FieldError(field, "broken Unicode (half of a surrogate pair) found") from None
    return text

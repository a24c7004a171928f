"""What a client may ask, in the terms of OpenAI's chat completions, and how it becomes a request to the decoder."""

import secrets
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.errors import MopeError
from mope.explain.terminal_chat import parse_preferences
from mope.preferences import Preferences
from mope.serve.served_run import ServedModel, ServedRun

MOST_TEXT = 100_000  # characters of a message


class FieldError(MopeError):
    """A `field` of the question has a value that is not accepted; the message says what would be."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field


class Strict(BaseModel):
    """Unknown fields and values of another type are refused, not ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Message(Strict):
    """A turn of the conversation; `name` is accepted, and ignored."""

    role: Literal["user", "assistant"]
    content: str = Field(min_length=1, max_length=MOST_TEXT)
    name: str | None = None


class StreamOptions(Strict):
    """`include_usage`: whether the stream ends with a chunk that tells the usage."""

    include_usage: bool = False


class ChatQuestion(Strict):
    """The body of POST /v1/chat/completions. Sampling settings that are None are those of the run's evaluation."""

    model: str = Field(max_length=200)
    messages: list[Message] = Field(min_length=1, max_length=200)
    preferences: dict[str, float] | None = None
    alphas: bool = False
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, lt=2**63)
    stop: str | list[str] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    user: str | None = None

    def stops(self) -> list[str]:
        """The texts that end an answer; `FieldError` for an empty one, or more than four."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(stops) > 4 or not all(stops):
            raise FieldError(
                "stop", f"{len(stops)} texts found, or an empty one; up to 4 that are not empty are expected"
            )
        return stops


@dataclass(frozen=True)
class Understood:
    """A question as the decoder takes it; `emphasis` and `members` are in the order of the request's experts."""

    model: ServedModel
    request: Request
    emphasis: list[float] | None
    sampling: Sampling
    members: list[str]  # the names of the request's experts


def stated(preferences: Preferences, given: dict[str, float]) -> tuple[str, list[float] | None]:
    """The combination that {id or name: weight} names, and its weights, which sum to 1; None for equal weights.

    `FieldError` unless it names one preference of every dimension.
    """
    known = {key.lower(): i for i in preferences.ids for key in (i, preferences.names[i])}
    weights: dict[str, float] = {}
    for key, weight in given.items():
        if key.lower() not in known:
            choices = ", ".join(f"{preferences.names[i]} ({i})" for i in preferences.ids)
            raise FieldError(f"preferences.{key[:40]}", f"unknown; one of {choices} is expected")
        if weight < 0:
            raise FieldError(f"preferences.{key}", f"{weight} found, a weight of 0 or more is expected")
        if known[key.lower()] in weights:
            raise FieldError(f"preferences.{key}", "stated twice, by id and by name; once is expected")
        weights[known[key.lower()]] = weight
    try:
        combination = parse_preferences(" ".join(weights), preferences)
    except MopeError as error:
        raise FieldError("preferences", str(error)) from None
    found = [weights[member] for member in preferences.members(combination)]
    largest = max(found)
    if largest == 0:
        raise FieldError("preferences", "all weights are 0; at least one above 0 is expected")
    shares = [weight / largest for weight in found]  # first, so that no sum leaves the range of the float
    return combination, None if len(set(found)) == 1 else [share / sum(shares) for share in shares]


def model_of(run: ServedRun, name: str) -> tuple[ServedModel, str | None]:
    """The model of `name` or `name:preferences`, and the combination, if any; `FieldError` for an unknown name."""
    name, colon, rest = name.partition(":")
    by_name = {run.preferences.names[i].lower(): i for i in run.preferences.ids}
    name = name if name in run.models else by_name.get(name.lower(), name)
    if name not in run.models:
        raise FieldError("model", f"{name!r} is unknown; GET /v1/models lists them")
    if not colon:
        return run.models[name], None
    try:
        return run.models[name], parse_preferences(rest, run.preferences)
    except MopeError as error:
        raise FieldError("model", str(error)) from None


def understood(run: ServedRun, question: ChatQuestion) -> Understood:
    """The request that a question means; `FieldError` names what is wrong with it."""
    model, combination = model_of(run, question.model)
    weights = None
    if question.preferences is not None:
        if combination is not None:
            raise FieldError("preferences", "the model's name states preferences already; one of the two is expected")
        combination, weights = stated(run.preferences, question.preferences)
    if model.needs_preferences and combination is None:
        example = run.preferences.combinations()[0]
        raise FieldError(
            "preferences", f"missing; state them here or in the model's name, as in {question.model}:{example}"
        )
    if not model.needs_preferences and combination is not None:
        raise FieldError("preferences", f"{question.model} takes none; leaving them out is expected")
    roles = [message.role for message in question.messages]
    if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
        raise FieldError("messages", "messages of user and assistant by turns are expected, the last of the user")
    said = [{"role": message.role, "content": message.content} for message in question.messages]
    try:
        "".join(message.content for message in question.messages).encode()
    except UnicodeEncodeError:
        raise FieldError("messages", "half of a surrogate pair found; valid Unicode is expected") from None
    prompt = said[0]["content"] if len(said) == 1 else said
    try:
        request, emphasis = model.row.request(model.pool, model.controller, prompt, combination, weights)
    except MopeError as error:
        raise FieldError("preferences", str(error)) from None
    request = with_limits(run, model, request, question)
    settings = model.generator.settings
    sampling = Sampling(
        temperature=settings.temperature if question.temperature is None else question.temperature,
        top_p=settings.top_p if question.top_p is None else question.top_p,
        top_k=settings.top_k,
        no_repeat_ngram=settings.no_repeat_ngram,
    )
    members = [model.pool.names[expert] for expert in request.experts]
    return Understood(model, request, emphasis, sampling, members)


def with_limits(run: ServedRun, model: ServedModel, request: Request, question: ChatQuestion) -> Request:
    """The request with the question's seed and number of tokens, which have to fit into the model's positions.

    `FieldError` where they do not.
    """
    asked = question.max_completion_tokens or question.max_tokens
    longest = max(map(len, request.prompts))
    count = asked or model.generator.settings.max_new_tokens
    if longest + count > run.positions:
        field = "max_tokens" if asked and longest < run.positions else "messages"
        raise FieldError(
            field,
            f"{longest} tokens of the prompt and {count} of the answer found, at most {run.positions} are expected",
        )
    seed = secrets.randbits(31) if question.seed is None else question.seed
    least = min(request.min_new_tokens, count)
    return replace(request, max_new_tokens=count, min_new_tokens=least, seed=seed)

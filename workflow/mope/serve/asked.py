"""What a question means: which request to which model, sampled how."""

import secrets
from dataclasses import dataclass, replace

from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.errors import MopeError
from mope.explain.terminal_chat import parse_preferences
from mope.preferences import Preferences
from mope.prompting import ConversationError
from mope.serve.question_fields import AnyQuestion, FieldError
from mope.serve.served_run import ServedModel, ServedRun


@dataclass(frozen=True)
class ParsedQuestion:
    """A question as the decoder takes it; `emphasis` and `members` are in the order of the request's experts.

    `name` is `row` or `row:combination`, however the client has written it.
    """

    name: str
    model: ServedModel
    request: Request
    emphasis: list[float] | None
    sampling: Sampling
    members: list[str]  # the names of the request's experts


def combination_of(preferences: Preferences, given: dict[str, float]) -> tuple[str, list[float]]:
    """The combination that {id or name: weight} names, and its weights, which sum to 1.

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
    shares = [weight / largest for weight in found]  # divided by the largest first, so that their sum cannot overflow
    return combination, [share / sum(shares) for share in shares]


def model_of(run: ServedRun, name: str) -> tuple[str, str | None]:
    """The model that `name` or `name:preferences` names, and the combination, if any; `FieldError` if unknown."""
    name, colon, rest = name.partition(":")
    by_name = {run.preferences.names[i].lower(): i for i in run.preferences.ids}
    name = name if name in run.models else by_name.get(name.lower(), name)
    if name not in run.models:
        raise FieldError("model", f"{name!r} is unknown; GET /v1/models lists them")
    if not colon:
        return name, None
    try:
        return name, parse_preferences(rest, run.preferences)
    except MopeError as error:
        raise FieldError("model", str(error)) from None


def parse_question(run: ServedRun, question: AnyQuestion) -> ParsedQuestion:
    """The request that a question means; `FieldError` names what is wrong with it."""
    name, combination = model_of(run, question.model)
    model, weights = run.models[name], None
    if question.preferences is not None:
        if combination is not None:
            raise FieldError("preferences", "the model's name states preferences already; one of the two is expected")
        combination, weights = combination_of(run.preferences, question.preferences)
        if len(set(weights)) == 1 and not model.row.own_weights:
            weights = None
    if model.needs_preferences and combination is None:
        example = run.preferences.combinations()[0]
        raise FieldError(
            "preferences", f"missing; state them here or in the model's name, as in {question.model}:{example}"
        )
    if not model.needs_preferences and combination is not None:
        raise FieldError("preferences", f"{question.model} takes none; leaving them out is expected")
    request, emphasis = request_of(run, model, question, combination, weights)
    request = with_limits(run, model, request, question)
    settings = model.generator.settings
    sampling = Sampling(
        temperature=settings.temperature if question.temperature is None else question.temperature,
        top_p=settings.top_p if question.top_p is None else question.top_p,
        top_k=settings.top_k,
        no_repeat_ngram=settings.no_repeat_ngram,
    )
    members = [model.pool.names[expert] for expert in request.experts]
    name = name if combination is None else f"{name}:{combination}"
    return ParsedQuestion(name, model, request, emphasis, sampling, members)


def request_of(
    run: ServedRun, model: ServedModel, question: AnyQuestion, combination: str | None, weights: list[float] | None
) -> tuple[Request, list[float] | None]:
    """What the row makes of the question, and the factors on a controller's α; token ids are read as they are."""
    asked, tokens = question.asked(), None
    most = run.positions if isinstance(asked, list) else run.most_characters
    if len(asked) > most:  # said before tokenizers, which are slow, see it
        what = "tokens" if isinstance(asked, list) else "characters"
        raise FieldError(question.TEXT_FIELD, f"{len(asked)} {what} found, at most {most} are expected")
    if isinstance(asked, list):
        asked, tokens = "", asked
        if model.controller is not None:
            raise FieldError("prompt", "token ids found; a controller reads words, a text is expected")
        known = model.pool.vocab_size
        if not all(0 <= token < known for token in tokens):
            raise FieldError(
                "prompt", f"token ids from {min(tokens)} to {max(tokens)} found; 0 to {known - 1} are known"
            )
    try:
        request, emphasis = model.row.request(model.pool, model.controller, asked, combination, weights)
    except ConversationError as error:
        raise FieldError(question.TEXT_FIELD, str(error)) from None
    except MopeError as error:
        raise FieldError("preferences", str(error)) from None
    return (request if tokens is None else replace(request, prompts=[tokens] * len(request.experts))), emphasis


def positions_left(run: ServedRun, model: ServedModel, request: Request) -> int:
    """How many tokens of an answer every model that has read the prompt still has positions for."""
    left = run.positions - max(map(len, request.prompts))
    config = getattr(model.controller, "config", None)
    own = getattr(config, "max_position_embeddings", None)  # None for a controller that reads no text
    return left if own is None else min(left, own - len(request.controller_ids))


def with_limits(run: ServedRun, model: ServedModel, request: Request, question: AnyQuestion) -> Request:
    """The request with the question's seed and number of tokens.

    Without such a number it is that of the run's evaluation, but no more than the prompt leaves of the positions.
    `FieldError` where the prompt leaves too few.
    """
    left = positions_left(run, model, request)
    if left < 1:
        longest = max(len(ids) for ids in (*request.prompts, request.controller_ids or []))
        raise FieldError(question.TEXT_FIELD, f"{longest} tokens found, fewer than {run.positions} are expected")
    count = question.most_tokens() or min(left, model.generator.settings.max_new_tokens)
    if count > left:
        raise FieldError(
            question.length_field(),
            f"{count} found, at most {left} are expected, which this prompt leaves of the positions",
        )
    seed = secrets.randbits(31) if question.seed is None else question.seed
    least = min(request.min_new_tokens, count)
    return replace(request, max_new_tokens=count, min_new_tokens=least, seed=seed)

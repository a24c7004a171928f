"""Requests for a mixture of preference experts: what each expert and the controller read."""

from collections.abc import Sequence
from dataclasses import dataclass

from mope.decoding.request import Request
from mope.errors import MopeError
from mope.preferences import Preferences
from mope.prompting import encode


@dataclass(frozen=True)
class PromptScheme:
    """Who takes part in a mixture and what is read: by the experts, and of ξ by the controller.

    `expert_prompt`: own | all | none. `reads`: text (ξ's texts after the instruction) | embedding (a token of its own
    per preference, before the instruction) | none | combination (only the number of ξ). `mixes`: combination (the
    experts of ξ) | all. `weights`: graded preferences, in the order of the dimensions; without a controller, the mixing
    weights.
    """

    expert_prompt: str
    reads: str = "text"
    mixes: str = "combination"
    weights: Sequence[float] | None = None


def mixture_request(
    tokenizer,
    preferences: Preferences,
    prompt: str,
    combination: str,
    reading: PromptScheme,
    names: Sequence[str],
    max_new_tokens: int,
    seed: int,
    base: int | None = None,
    min_new_tokens: int = 0,
) -> Request:
    """One instruction under `combination`, in a pool whose experts are `names`.

    With `base`, the pool's bare base model takes part and reads the instruction alone (model arithmetic).
    """
    members = taking_part(preferences, combination, reading.mixes)
    experts = [names.index(member) for member in members]
    texts = [tuple(preferences.prompt_texts(reading.expert_prompt, member, combination)) for member in members]
    encoded = {read: encode(tokenizer, prompt, read) for read in dict.fromkeys(texts)}  # often all read the same
    prompts = [encoded[read] for read in texts]
    if base is not None:
        experts, prompts = [*experts, base], [*prompts, encode(tokenizer, prompt)]
    return Request(
        experts,
        prompts,
        controller_ids=controller_ids(tokenizer, preferences, prompt, combination, reading),
        weights=reading.weights if reading.mixes == "combination" else None,  # they are of the experts of ξ only
        max_new_tokens=max_new_tokens,
        min_new_tokens=min_new_tokens,
        seed=seed,
    )


def taking_part(preferences: Preferences, combination: str, mixes: str) -> list[str]:
    """The preferences whose experts are mixed: those of ξ (α is masked to them), or all (α is free)."""
    return list(preferences.ids) if mixes == "all" else preferences.members(combination)


def controller_ids(
    tokenizer, preferences: Preferences, prompt: str, combination: str, reading: PromptScheme
) -> list[int]:
    """Token ids that the controller reads before the answer; those past the tokenizer's stand for preferences.

    `MopeError` for an unknown `reading.reads`.
    """
    match reading.reads:
        case "text":
            return encode(tokenizer, prompt, preferences.statements(combination, reading.weights))
        case "embedding":
            return [*(len(tokenizer) + i for i in preferences.indices(combination)), *encode(tokenizer, prompt)]
        case "none":
            return encode(tokenizer, prompt)
        case "combination":
            return [preferences.combinations().index(combination)]
    raise MopeError(f"controller reads {reading.reads!r}: expected text, embedding, none or combination")

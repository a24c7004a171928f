"""Requests for a mixture of preference experts: what each expert and the controller read."""

from collections.abc import Sequence

from mope.decoding.request import Request
from mope.preferences import Preferences
from mope.prompting import encode


def mixture_request(
    tokenizer,
    preferences: Preferences,
    prompt: str,
    combination: str,
    expert_prompt: str,
    names: Sequence[str],
    max_new_tokens: int,
    seed: int,
    base: int | None = None,
    min_new_tokens: int = 0,
) -> Request:
    """One instruction for the experts of `combination`, in a pool whose experts are `names`.

    Every expert reads the preference texts that `expert_prompt` says; the controller reads those of the combination.
    With `base`, the pool's bare base model takes part and reads the instruction alone (model arithmetic).
    """
    members = preferences.members(combination)
    experts = [names.index(member) for member in members]
    prompts = [
        encode(tokenizer, prompt, preferences.prompt_texts(expert_prompt, member, combination)) for member in members
    ]
    if base is not None:
        experts, prompts = [*experts, base], [*prompts, encode(tokenizer, prompt)]
    return Request(
        experts,
        prompts,
        controller_ids=encode(tokenizer, prompt, preferences.statements(combination)),
        max_new_tokens=max_new_tokens,
        min_new_tokens=min_new_tokens,
        seed=seed,
    )

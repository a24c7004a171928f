"""What is sent to a judge: as configured, and as a refusal teaches."""

import json

import pytest
from judge_helpers import SETTINGS

from mope.judging.answer_cache import key_of
from mope.judging.body import CHANGES, body_of, change_for_refusal, changed
from mope.judging.kinds.chat_settings import ChatJudgeSettings, completed

CHAT = [
    {"role": "system", "content": "You compare."},
    {"role": "user", "content": "Which one?"},
    {"role": "assistant", "content": "TIE"},
    {"role": "user", "content": "And now?"},
]
RENAMED, BACK, NO_TEMPERATURE, NO_SEED, NO_SYSTEM, PARTS = CHANGES


def settings(**changes):
    return ChatJudgeSettings(**{**SETTINGS, **changes})


def test_a_body_as_it_always_was_keeps_its_place_in_the_cache():
    body = body_of(settings(), CHAT)
    assert body == {"model": "m", "messages": CHAT, "temperature": 0.0, "seed": 1, "max_tokens": 8}
    assert key_of({"base_url": "http://x/v1", **body}) == (
        "eb073c7b56bbdd88aa05d9e85ff7ccfc0ac84b61d656e1b91a8b0d8f43872167"
    )


def test_only_address_and_model_have_no_default():
    body = body_of(ChatJudgeSettings(**completed({"base_url": "http://x/v1", "model": "m"})), CHAT)
    assert body == {"model": "m", "messages": CHAT, "temperature": 0.0, "seed": 0, "max_tokens": 8}


@pytest.mark.parametrize(
    "choice,expected",
    [
        ({"temperature": None}, {"model", "messages", "seed", "max_tokens"}),
        ({"seed": None}, {"model", "messages", "temperature", "max_tokens"}),
        ({"limit": "max_completion_tokens"}, {"model", "messages", "temperature", "seed", "max_completion_tokens"}),
        (
            {"extra": {"reasoning_effort": "low"}},
            {"model", "messages", "temperature", "seed", "max_tokens", "reasoning_effort"},
        ),
    ],
)
def test_chosen_parameters(choice, expected):
    assert set(body_of(settings(**choice), CHAT)) == expected


def test_no_system_role_and_parts():
    folded = body_of(settings(system_role=False), CHAT)["messages"]
    assert folded == [{"role": "user", "content": "You compare.\n\nWhich one?"}, *CHAT[2:]]
    parts = body_of(settings(content="parts"), CHAT)
    assert parts["messages"][1] == {"role": "user", "content": [{"type": "text", "text": "Which one?"}]}
    both = body_of(settings(system_role=False, content="parts"), CHAT)["messages"]
    assert both[0]["content"] == [{"type": "text", "text": "You compare.\n\nWhich one?"}]
    assert "".join(p["text"] for p in changed(parts, [NO_SYSTEM])["messages"][0]["content"]) == "You compare.Which one?"


UNSUPPORTED = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
)
EXTRA = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}


@pytest.mark.parametrize(
    "refusal,change",
    [
        ({"message": UNSUPPORTED, "param": "max_tokens", "code": "unsupported_parameter"}, RENAMED),
        ({"message": UNSUPPORTED}, RENAMED),
        ({"message": "Unsupported value: 'temperature' does not support 0.0", "param": "temperature"}, NO_TEMPERATURE),
        ("`temperature` must be strictly positive", NO_TEMPERATURE),
        ({"detail": [{**EXTRA, "loc": ["body", "seed"]}]}, NO_SEED),
        ({"message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.', "code": 400}, NO_SEED),
        ({"message": "System role not supported"}, NO_SYSTEM),
        ({"message": "Developer instruction is not enabled for models/gemma-3-27b-it"}, NO_SYSTEM),
        ({"message": "messages[0].content: Input should be a valid list", "param": None}, PARTS),
        # What is no refusal of a parameter teaches nothing.
        ({"message": "max_tokens is too large: 8. This model supports at most 4 completion tokens."}, None),
        ({"message": "The model `x` does not exist", "param": "model"}, None),
        ({"message": "Unsupported: top_k", "param": "top_k"}, None),
        ({"message": 7, "param": ["seed"], "detail": {"loc": "seed"}}, None),
        ("", None),
        (None, None),
        ([[[[[[[["seed"]]]]]]]], None),
    ],
)
def test_what_a_refusal_teaches(refusal, change):
    assert change_for_refusal(body_of(settings(), CHAT), refusal, frozenset()) == change


def test_nothing_is_learnt_twice_and_the_limit_of_an_answer_always_stays():
    body, done = body_of(settings(), CHAT), frozenset()
    refusal = "unsupported: max_tokens, max_completion_tokens, temperature, seed, the system role, content as no list"
    for _ in range(20):
        sent = changed(body, done)
        assert {"max_tokens", "max_completion_tokens"} & sent.keys()
        change = change_for_refusal(sent, refusal, done)
        if change is None:
            break
        assert change not in done
        done |= {change}
    assert done == {RENAMED, NO_TEMPERATURE, NO_SEED, NO_SYSTEM, PARTS}
    old = body_of(settings(limit="max_completion_tokens"), CHAT)
    assert change_for_refusal(old, "Unrecognized request argument supplied: max_completion_tokens", frozenset()) == BACK
    assert json.dumps(changed(old, [BACK])) == json.dumps(body)

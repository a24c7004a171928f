"""A judge's reply is checked wholly before it is kept: what cannot be true is neither an answer nor a count."""

import math

import pytest
from chat_server import completion
from hypothesis import given
from hypothesis import strategies as st

from mope.judging.reply import MOST_KEPT, answered, record_of, valid
from mope.runtime.server import MalformedError

OWN = 800  # tokens of the prompt by our own count
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=12), children, max_size=4),
    max_leaves=12,
)


def reply(message=None, usage=..., finish="stop"):
    body = completion("Output (a)")
    body["choices"][0] |= {
        "finish_reason": finish,
        "message": message or {"role": "assistant", "content": "Output (a)"},
    }
    if usage is not ...:
        body["usage"] = usage
    return body


@pytest.mark.parametrize(
    "usage",
    [None, {}, [], "many", 7, {"prompt_tokens": None, "completion_tokens": None}, {"prompt_tokens": "100"},
     {"prompt_tokens": -100, "completion_tokens": -5}, {"prompt_tokens": math.nan, "completion_tokens": math.nan},
     {"prompt_tokens": math.inf, "completion_tokens": -math.inf}, {"prompt_tokens": True, "completion_tokens": False},
     {"prompt_tokens": 10**30, "completion_tokens": 10**30}, {"prompt_tokens": 1e308, "completion_tokens": 1e308},
     {"prompt_tokens": 0, "completion_tokens": -1}, {"prompt_tokens": 1, "completion_tokens": 0.5}],
    ids=str,
)  # fmt: skip
def test_counts_that_cannot_be_true_are_our_own(usage):
    record = record_of(reply(usage=usage), OWN)
    assert record == {"text": "Output (a)", "prompt_tokens": OWN, "completion_tokens": 5}
    assert valid(record) and answered(record)


def test_counts_of_the_server():
    record = record_of(reply(usage={"prompt_tokens": 100.0, "completion_tokens": 9000}), OWN)
    assert (record["prompt_tokens"], record["completion_tokens"]) == (100, 9000)
    assert record_of(reply(usage={}), None)["prompt_tokens"] is None  # nobody knows


def test_a_silent_count_of_a_long_answer_is_our_own():
    long = reply({"content": "word " * 7000}, {"prompt_tokens": 800, "completion_tokens": 0})
    assert record_of(long, OWN)["completion_tokens"] == 10_000


@pytest.mark.parametrize(
    "content,text",
    [
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "TIE"}], "TIE"),
        ([{"type": "text", "text": "Output "}, {"type": "text", "text": "(b)"}], "Output (b)"),
        (["Output (a)"], "Output (a)"),
        ([{"type": "output_text", "text": "TIE"}, {"type": "image"}], "TIE"),
        ("TIE\ud800", "TIE\ufffd"),
    ],
)
def test_content_as_parts(content, text):
    assert record_of(reply({"role": "assistant", "content": content}), OWN)["text"] == text


@pytest.mark.parametrize(
    "message,finish,why",
    [
        ({"content": None, "refusal": "I cannot help with that."}, "stop", "refused: I cannot help with that."),
        ({"content": None}, "content_filter", "refused: content_filter"),
        ({"content": [{"type": "refusal", "refusal": "No."}]}, "stop", "refused: No."),
        (
            {"content": "", "reasoning_content": "hm, hm"},
            "length",
            "no answer within max_tokens, only thoughts; a larger",
        ),
        ({"content": ""}, "length", "no answer within max_tokens; a larger max_tokens may help"),
        ({"content": " \n"}, "stop", "empty answer, finish_reason stop"),
        ({"content": None}, {"a": 1}, "empty answer, finish_reason missing"),
        ({"refusal": 7}, None, "empty answer, finish_reason missing"),
    ],
)
def test_a_refusal_or_an_empty_answer_says_why(message, finish, why):
    record = record_of(reply(message, finish=finish), OWN)
    assert record["why"].startswith(why) and valid(record) and not answered(record)


@pytest.mark.parametrize(
    "body",
    [None, [], "x", {}, {"choices": []}, {"choices": None}, {"choices": {"0": {}}}, {"choices": "abc"},
     {"choices": ["abc"]}, {"choices": [None]}, {"choices": [{}]}, {"choices": [{"message": None}]},
     {"choices": [{"message": "Output (a)"}]}, {"choices": [{"message": ["Output (a)"]}]},
     {"choices": [{"message": {"content": 7}}]}, {"choices": [{"message": {"content": {"text": "a"}}}]},
     {"choices": [{"message": {"content": [7]}}]}, {"choices": [{"message": {"content": [["a"]]}}]}],
    ids=str,
)  # fmt: skip
def test_what_is_no_completion(body):
    with pytest.raises(MalformedError):
        record_of(body, OWN)


def test_an_error_inside_a_200_says_what_it_is():
    with pytest.raises(MalformedError, match="Provider returned error"):
        record_of({"error": {"message": "Provider returned error", "code": 502}}, OWN)


def test_a_refusal_is_scrubbed_before_it_is_cut():
    key = "sk-secret-0123456789"
    record = record_of(reply({"content": None, "refusal": "x" * 180 + key}), OWN, key)
    assert "sk-s" not in record["why"] and len(record["why"]) <= 200


@given(JSON, st.sampled_from(["choices", "message", "content", "usage", "finish_reason", "refusal"]))
def test_whatever_stands_in_a_field_a_record_is_sound_or_refused(value, field):
    body = reply()
    at = {"choices": body, "usage": body, "finish_reason": body["choices"][0], "message": body["choices"][0]}
    at.get(field, body["choices"][0]["message"])[field] = value
    try:
        record = record_of(body, OWN)
    except MalformedError as error:
        assert "\n" not in str(error).strip()
        return
    assert valid(record)
    assert 0 < record["prompt_tokens"] <= MOST_KEPT and 0 <= record["completion_tokens"] <= MOST_KEPT


@given(JSON)
def test_only_a_record_is_a_record(value):
    sound = isinstance(value, dict) and isinstance(value.get("text"), str)
    assert not valid(value) or sound


@pytest.mark.parametrize(
    "record",
    [{"text": "TIE", "prompt_tokens": -1}, {"text": "TIE", "prompt_tokens": math.nan}, {"text": None},
     {"text": "TIE", "completion_tokens": "5"}, {"text": "TIE", "completion_tokens": math.inf}, [], None, "TIE",
     {"text": "a\ud800"}, {"text": "TIE", "why": 1}, {"text": "TIE", "changes": "no seed"}],
    ids=str,
)  # fmt: skip
def test_poisoned_records(record):
    assert not valid(record)

"""What a conversation of the chat completions means, before any model is asked."""

import pytest
from pydantic import ValidationError

from mope.prompting import turns
from mope.serve.question_fields import ChatQuestion, FieldError

RULE, ASKED = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is rain?"}


def asked(*messages: dict) -> list[dict[str, str]]:
    return turns(ChatQuestion(model="base", messages=list(messages)).asked())


def test_a_message_of_the_system_or_developer_comes_first() -> None:
    assert asked(RULE, ASKED) == [RULE, ASKED]
    assert asked(RULE | {"role": "developer"}, ASKED) == [RULE, ASKED]


def test_parts_of_text_are_one_message() -> None:
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "rain?"}]
    assert asked(ASKED | {"content": parts}) == [ASKED]


@pytest.mark.parametrize(
    "messages",
    [
        [RULE],
        [RULE, RULE, ASKED],
        [ASKED, RULE],
        [ASKED, ASKED],
        [ASKED, {"role": "assistant", "content": "Water."}],
        [ASKED | {"content": [{"type": "text", "text": ""}]}],
    ],
)
def test_any_other_order_and_messages_without_text_are_refused(messages: list[dict]) -> None:
    with pytest.raises(FieldError) as refused:
        asked(*messages)
    assert refused.value.field == "messages"


@pytest.mark.parametrize("stop", ["Z" * 401, ["a", "Z" * 300_000], ["a"] * 5, ["a", ""]])
def test_stop_texts_that_are_refused(stop: str | list[str]) -> None:
    with pytest.raises(FieldError) as refused:
        ChatQuestion(model="base", messages=[ASKED], stop=stop).stops()
    assert refused.value.field == "stop"


def test_fields_that_ask_for_nothing_are_taken() -> None:
    silent = dict.fromkeys(["refusal", "tool_calls", "function_call", "audio", "annotations"])
    said = [ASKED, {"role": "assistant", "content": "Water.", **silent}, ASKED]
    said += [{"role": "assistant", "content": "Ice.", "annotations": []}, ASKED]
    fields = {"response_format": {"type": "text"}, "logit_bias": {}, "store": False, "user": "me"}
    assert len(turns(ChatQuestion(model="base", messages=said, **fields).asked())) == 5
    for wrong in ({"response_format": {"type": "json_object"}}, {"logit_bias": {"5": 1.0}}, {"store": True}):
        with pytest.raises(ValidationError):
            ChatQuestion(model="base", messages=said, **wrong)

"""Chat templates that fail, drop what is said or depend on the day are settled or refused when a base is imported."""

import datetime

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from mope.errors import MopeError
from mope.prompting import encode
from mope.training.chat_template import settle_template, without_clock

TURNS = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{% endfor %}"
LLAMA = (  # how Llama 3 templates ask for the day
    "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
    '{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}'
    "{%- endif %}{%- endif %}Today: {{ date_string }}. "
) + TURNS


def tokenizer_of(template: str | dict) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE({character: i for i, character in enumerate(map(chr, range(32, 127)))}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="~", chat_template=template)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}{{ m['content'] }}{% endfor", "fails on a conversation of user alone"),
        (
            "{% if messages[0]['role'] != 'system' %}{{ raise_exception('A system message is required') }}{% endif %}"
            + TURNS,
            "of user alone .A system message is required.; one that needs no system message",
        ),
        ("{% if messages|length > 1 %}{{ raise_exception('one') }}{% endif %}" + TURNS, "of user and assistant alone"),
        ("{{ messages[0].system.text }}" + TURNS, "fails on a conversation"),
        ("{{ 1 / 0 }}" + TURNS, "fails on a conversation .*division by zero"),
        ("{{ messages[0].__class__.__mro__[1].__subclasses__() }}", "fails on a conversation"),
        ("Hello", "makes nothing of a user's message"),
        ("", "makes nothing of a user's message"),
        ("{{ messages[0]['content'] }}", "leaves an answer out"),
        ("{% set f = '%j' %}{{ strftime_now(f) }}" + TURNS, "another text each time"),
        ("{{ range(1000) | random }}" + TURNS, "another text each time"),
        ({"tool_use": TURNS, "rag": TURNS}, "none is the default"),
    ],
)
def test_a_template_that_no_stage_could_use_is_refused(template: str | dict, said: str) -> None:
    with pytest.raises(MopeError, match=said) as error:
        settle_template(tokenizer_of(template), "base.path models/mine")
    assert str(error.value).startswith("base.path models/mine: ")


def test_one_that_forbids_a_system_message_is_right() -> None:
    template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('none') }}{% endif %}" + TURNS
    tokenizer = tokenizer_of(template)
    settle_template(tokenizer, "x")
    assert tokenizer.chat_template == template


def test_the_default_of_several_is_taken() -> None:
    tokenizer = tokenizer_of({"default": TURNS, "tool_use": "{{ nothing.at.all }}"})
    settle_template(tokenizer, "x")
    assert tokenizer.chat_template == TURNS


def test_the_day_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = tokenizer_of(LLAMA)
    before = tokenizer.decode(encode(tokenizer, "Why?")).replace(" ", "")
    assert datetime.datetime.now().strftime("%d%b%Y") in before
    settle_template(tokenizer, "x")
    assert "26Jul2024" in tokenizer.decode(encode(tokenizer, "Why?")).replace(" ", "")


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("strftime_now('%d %b %Y')", "'26 Jul 2024'"),
        ('strftime_now( "%Y-%m-%d" )', "'2024-07-26'"),
        ("strftime_now(form)", "strftime_now(form)"),
        ("strftime_now is defined", "strftime_now is defined"),
    ],
)
def test_a_literal_form_becomes_the_day_in_that_form(asked: str, written: str) -> None:
    assert without_clock("{{ " + asked + " }}") == "{{ " + written + " }}"

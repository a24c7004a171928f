"""Conversations of several turns are read whole, in every form, and become one prompt that is read back unchanged."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from mope.config.load import load_config
from mope.data.feedback_file import places_of, read_feedback
from mope.data.prompt_file import read_prompts
from mope.errors import MopeError
from mope.explain.json_chat import read_json_question
from mope.judging.template_files import load_templates
from mope.judging.templates import judge_messages
from mope.judging.text_judge import scorer_of
from mope.judging.verdicts import Comparison
from mope.preferences import load_preferences
from mope.prompting import MARK, encode, messages, prompt_text, rendered_chat, transcript, turns, wording
from mope.training.tokenizer import train_tokenizer
from mope.world.worlds import load


def turn(role: str, content: object) -> dict:
    return {"role": role, "content": content}


TALK = [turn("user", "Why is the sky blue?"), turn("assistant", "Light scatters."), turn("user", "And at dusk?")]
SYSTEM, LAST = turn("system", "Be brief."), turn("assistant", "It reddens.")
SHARED = [{"from": {"user": "human", "assistant": "gpt"}[m["role"]], "value": m["content"]} for m in TALK]
ALTERNATE = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate user/assistant.') }}{% endif %}"
    "<{{ m['role'] }}>{{ m['content'] | trim }}{% endfor %}"
)
ONE_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' and not loop.first %}"
    "{{ raise_exception('System message must be first.') }}{% endif %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
)
LAST_ONLY = "<{{ messages[-1]['role'] }}>{{ messages[-1]['content'] }}"
ANY_ROLE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"

spoken = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
conversations = st.lists(st.builds(turn, st.sampled_from(["system", "user", "assistant"]), spoken), max_size=4)


def tokenizer(template: str) -> PreTrainedTokenizerFast:
    found = train_tokenizer([m["content"] for m in TALK], 300)
    found.chat_template = template
    return found


@given(conversations, spoken)
def test_a_conversation_is_read_back_as_it_was(before: list[dict], last: str) -> None:
    said = [*before, turn("user", last)]
    prompt = prompt_text(said)
    assert turns(prompt) == said == messages(prompt)
    assert messages(prompt, ["Be kind."])[-1]["content"] == f"{last} Be kind."
    assert all(m["content"] in transcript(prompt) and m["content"] in wording(prompt) for m in said)
    assert (prompt == last) == (not before and not last.startswith(MARK))
    assert prompt.strip()[:1] == prompt[:1] or not before


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"messages": TALK}, TALK),
        ({"prompt": TALK}, TALK),
        ({"conversations": SHARED}, TALK),
        ({"messages": [*TALK, LAST]}, TALK),  # as of one turn, the answer to the last question is passed over
        ({"messages": [SYSTEM, *TALK]}, [SYSTEM, *TALK]),
        ({"messages": TALK, "system": "Be brief."}, [SYSTEM, *TALK]),
        ({"messages": [SYSTEM, *TALK], "system": "Be brief."}, [SYSTEM, *TALK]),
        ({"prompt": "Why?", "system": "Be brief."}, [SYSTEM, turn("user", "Why?")]),
        ({"messages": TALK, "system": ""}, TALK),
        ({"instruction": "And at dusk?", "history": [["Why is the sky blue?", "Light scatters."]]}, TALK),
        ({"messages": json.dumps(TALK)}, TALK),
        ({"prompt": json.dumps(SHARED, indent=1)}, TALK),
    ],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
def test_every_turn_of_a_prompt_is_kept(tmp_path: Path, record: dict, expected: list[dict], suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    match suffix:
        case ".csv":  # a cell holds JSON
            cells = {key: value if isinstance(value, str) else json.dumps(value) for key, value in record.items()}
            pd.DataFrame([cells]).to_csv(path, index=False)
        case ".parquet":
            pd.DataFrame([record]).to_parquet(path)
        case _:
            path.write_text(json.dumps([record] if suffix == ".json" else record))
    [found] = read_prompts(path)
    assert turns(found["prompt"]) == expected and found["place"].startswith(f"{path}: ")
    size = sum(len(m["content"]) for m in expected) + 2 * (len(expected) - 1)
    assert len(read_prompts(path, longest=size)) == 1
    with pytest.raises(MopeError, match="at least one record with a prompt of at most"):
        read_prompts(path, longest=size - 1)


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": TALK, "chosen": "It reddens.", "rejected": "No."},
        {"prompt": TALK, "chosen": [LAST], "rejected": [turn("assistant", "No.")]},
        {"chosen": [*TALK, LAST], "rejected": [*TALK, turn("assistant", "No.")]},
        {"prompt": json.dumps(TALK), "chosen": [*TALK, LAST], "rejected": "No."},
        {"prompt": SHARED, "chosen": LAST, "rejected": turn("assistant", "No.")},
    ],
)
def test_feedback_on_conversations(tmp_path: Path, record: dict) -> None:
    path = tmp_path / "P1A.jsonl"
    path.write_text(json.dumps(record) + "\n" + json.dumps(record | {"system": "Be brief."}) + "\n")
    first, second = read_feedback(path)
    assert (turns(first[1]), *first[2:]) == (TALK, "It reddens.", "No.")
    assert (turns(second[1]), *second[2:]) == ([SYSTEM, *TALK], "It reddens.", "No.")
    assert first[0] != second[0]
    assert places_of(path) == {first[1]: f"{path}: line 1", second[1]: f"{path}: line 2"}


@pytest.mark.parametrize(
    ("template", "said", "problem"),
    [
        (ALTERNATE, [SYSTEM, *TALK], "fails on (Roles must alternate user/assistant.) a conversation of system, user"),
        (ALTERNATE, [TALK[0], TALK[2]], "fails on (Roles must alternate"),
        (ONE_SYSTEM, [TALK[0], TALK[1], SYSTEM, TALK[2]], "fails on (System message must be first.)"),
        (LAST_ONLY, TALK, "leaves out message 1 of a conversation of user, assistant, user"),
        (None, [SYSTEM, *TALK], "takes a system message for one of the assistant in"),
    ],
)
def test_what_a_template_cannot_render_is_one_line(template: str | None, said: list[dict], problem: str) -> None:
    own = tokenizer(template) if template else train_tokenizer(["a"], 300)
    for render in (lambda: encode(own, prompt_text(said)), lambda: rendered_chat(own, [*said, LAST])):
        with pytest.raises(MopeError) as caught:
            render()
        assert problem in str(caught.value) and str(caught.value).isprintable()
        assert "in the roles and order that the template knows is expected" in str(caught.value)


@pytest.mark.parametrize(
    ("template", "said"), [(ALTERNATE, TALK), (ONE_SYSTEM, [SYSTEM, *TALK]), (ANY_ROLE, TALK[::2])]
)
def test_what_a_template_can_render_is_read_as_it_writes_it(template: str, said: list[dict]) -> None:
    own = tokenizer(template)
    written = "".join(f"<{m['role']}>{m['content']}" for m in said)
    assert encode(own, prompt_text(said)) == own(written, add_special_tokens=False)["input_ids"]
    assert rendered_chat(own, [*said, LAST]) == f"{written}<assistant>It reddens."


def test_a_conversation_that_the_base_cannot_read_is_refused_before_the_first_job(root: Path, tmp_path: Path) -> None:
    """The base that is trained here has no form for system messages."""
    path = tmp_path / "talks.jsonl"
    own = {"experiment": "smoke", "evaluation_sets": {"single": None, "mine": {"source": str(path), "prompts": 2}}}
    own |= {"judges": {"truth": None, "open_text": {"kind": "open_text", "dead_band": 0.05}}}
    path.write_text(json.dumps({"messages": TALK}) + "\n" + json.dumps({"prompt": "Why?"}) + "\n")
    assert load_config(root, own)
    path.write_text(json.dumps({"prompt": "Why?"}) + "\n" + json.dumps({"messages": [SYSTEM, *TALK]}) + "\n")
    with pytest.raises(MopeError) as caught:
        load_config(root, own)
    assert f"evaluation_sets.mine.source: {path}: line 2: " in str(caught.value)
    assert "line 2: the base that is trained here: the chat template takes a system message for" in str(caught.value)


def test_the_chat_takes_conversations(root: Path) -> None:
    known = load_preferences(root / "workflow/prompts/preferences.yaml", ["P1A"])
    typed = [{"prompt": TALK, "preferences": ["P1A"]}, {"prompt": f"{MARK}[]", "preferences": ["P1A"]}]
    found = [read_json_question(json.dumps(line), known) for line in typed]
    assert [turns(prompt) for prompt, *_ in found] == [TALK, [turn("user", f"{MARK}[]")]]
    with pytest.raises(MopeError, match="prompt ends with a message of role assistant"):
        read_json_question(json.dumps(typed[0] | {"prompt": TALK[:2]}), known)


def test_judges_read_every_turn(root: Path) -> None:
    prompt = prompt_text(TALK)
    templates = load_templates(root / "workflow/prompts/judge", ["P1A"])
    asked = judge_messages(templates, Comparison(prompt, "P1A", "It reddens.", "No."), 4000)[-1]["content"]
    assert "User: Why is the sky blue?\n\nAssistant: Light scatters.\n\nUser: And at dusk?" in asked
    scores = scorer_of(load("everyday"), "rubric")
    joined = "And at dusk?\n\nLight scatters.\n\nWhy is the sky blue?"
    assert scores([(prompt, LAST["content"], "P1A")]) == scores([(joined, LAST["content"], "P1A")])

"""Chat: preferences as people type them, and the script as a person and as a program use it."""

import io
import json
import subprocess
import sys

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import tiny_config
from transformers import LlamaForCausalLM

from mope import preferences
from mope.controller.pcm import PreferenceController, PreferenceControllerConfig
from mope.errors import MopeError
from mope.explain.terminal_chat import Piece, paint, parse_preferences, posterior_shares, read_questions
from mope.provenance.artifact import write
from mope.training.tokenizer import train_tokenizer

IDS = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]


@pytest.fixture(scope="module")
def six(root):
    return preferences.load_preferences(root / "workflow/prompts/preferences.yaml", IDS)


@pytest.mark.parametrize(
    "text", ["P1A-P2B-P3A", "friendly informative elementary", "Elementary, P2B; FRIENDLY", "p3a,p1a,p2b"]
)
def test_preferences_as_typed(text, six):
    assert parse_preferences(text, six) == "P1A-P2B-P3A"


@pytest.mark.parametrize(
    "text,message",
    [
        ("kind", "preference 'kind': expected one of elementary"),
        ("elementary concise", "style: found 0 preferences, one is needed: friendly or unfriendly"),
        ("elementary expert concise friendly", "expertise: found 2"),
    ],
)
def test_preferences_that_do_not_fit(text, message, six):
    with pytest.raises(MopeError, match=message):
        parse_preferences(text, six)


def test_shares_are_posteriors():
    shares = posterior_shares(torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.1, 0.5, 0.0]).log())
    torch.testing.assert_close(shares, torch.tensor([0.25, 0.75, 0.0]))


def test_colours(six):
    piece = Piece(1, "hi", {"P1A": 0.5, "P3A": 0.5}, {"P1A": 0.2, "P3A": 0.8})
    assert piece.carrier == "P3A"
    assert paint("hi", "P3A", six, colour=True) == "\x1b[34mhi\x1b[0m"
    assert paint("hi", "P3A", six, colour=False) == "hi"


def test_a_person_is_asked_again_and_the_last_preferences_stay(six):
    said = []
    typed = io.StringIO("nonsense\nP1A P2A P3A\nWhy is the sky blue?\n\nAnd red?\nP1B P2A P3A\n\n")
    got = list(read_questions(typed, six, said.append))
    assert got == [("Why is the sky blue?", "P1A-P2A-P3A"), ("And red?", "P1A-P2A-P3A")]
    assert "expected one of" in "".join(said)
    assert "preferences [P1A-P2A-P3A]> " in said


@pytest.fixture(scope="module")
def trained(tmp_path_factory, six, root):
    """The folders that a run leaves, with random weights."""
    run = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    tokenizer = train_tokenizer(["Why is the sky blue? Generate a response in an unfriendly manner."] * 20, 320)
    shape = tiny_config(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id).to_dict()
    base = LlamaForCausalLM(tiny_config(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id))
    with write(run / "base", stage="train_base", params={}, seeds={}) as folder:
        base.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    for name in IDS:
        adapter = get_peft_model(
            LlamaForCausalLM.from_pretrained(run / "base"),
            LoraConfig(task_type="CAUSAL_LM", r=2, target_modules="all-linear"),
        )
        with write(run / "expert" / name, stage="train_expert", params={}, seeds={}) as folder:
            adapter.save_pretrained(folder)
    shape = {key: shape[key] for key in ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads")}
    controller = PreferenceController(PreferenceControllerConfig(experts=IDS, num_hidden_layers=1, **shape))
    params = {"expert_prompt": "all"}
    with write(run / "preferences.yaml", stage="take_preferences", params={}, seeds={}) as file:
        file.write_text((root / "workflow/prompts/preferences.yaml").read_text())
    with write(run / "controller/mope/seed0", stage="train_controller", params=params, seeds={}) as folder:
        controller.save_pretrained(folder)
    return run


def chat(root, run, typed, *options):
    command = [sys.executable, "workflow/scripts/chat.py", "--run", str(run), "--max-new-tokens", "6", *options]
    return subprocess.run(command, cwd=root, input=typed, capture_output=True, text=True, timeout=120)


def test_the_script_for_programs(root, trained):
    questions = [{"prompt": "Why is the sky blue?", "preferences": ["expert", "concise", "P3B"]}] * 2
    done = chat(root, trained, "".join(json.dumps(q) + "\n" for q in questions), "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    ends = [line for line in lines if "finish_reason" in line]
    tokens = [line for line in lines if "token" in line]
    assert len(ends) == 2 and ends[0] == ends[1]
    assert ends[0]["combination"] == "P1B-P2A-P3B"
    assert ends[0]["n_tokens"] * 2 == len(tokens)
    for line in tokens:
        assert set(line["alphas"]) == set(line["shares"]) == {"P1B", "P2A", "P3B"}
        assert sum(line["alphas"].values()) == pytest.approx(1, abs=1e-5)
        assert line["carrier"] == max(line["shares"], key=line["shares"].get)
    assert ends[0]["response"] == "".join(line["text"] for line in tokens[: ends[0]["n_tokens"]])


def test_the_script_in_a_pipe_writes_no_colour(root, trained):
    done = chat(root, trained, "expert concise unfriendly\nWhy is the sky blue?\n")
    assert done.returncode == 0, done.stderr
    assert "elementary / expert" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_script_says_what_is_missing(root, tmp_path):
    done = chat(root, tmp_path, "")
    assert done.returncode == 2
    assert "no trained experts and controller; run `make results` first" in done.stderr

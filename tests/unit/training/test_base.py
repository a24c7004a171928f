"""A controller's body: a small model trained with the tokenizer of the base."""

from pathlib import Path

import pytest
import torch
from tiny_settings import tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from mope.controller.pcm import grown_from
from mope.errors import MopeError
from mope.training.base import BaseSettings, tokenised_examples, train_base
from mope.training.checkpoints import Checkpoints
from mope.training.tokenizer import train_tokenizer

PROMPTS = ["What is rain?", "Explain the sky."] * 4


def test_an_example_that_is_too_long_is_refused_not_cut() -> None:
    tokenizer = train_tokenizer([], 280)
    record = {
        "prompt": [{"role": "user", "content": "Why?"}],
        "completion": [{"role": "assistant", "content": "It is."}],
    }
    (row,) = tokenised_examples([record], tokenizer, 100)
    count = len(row["input_ids"])
    assert tokenised_examples([record], tokenizer, count) == [row]
    assert row["labels"] == [-100] * row["labels"].count(-100) + row["input_ids"][row["labels"].count(-100) :]
    with pytest.raises(MopeError, match=rf"base.max_length: {count - 1} found, but an example has {count} tokens"):
        tokenised_examples([record], tokenizer, count - 1)


def test_a_body_has_the_tokenizer_it_is_given_and_a_controller_begins_from_it(tmp_path: Path) -> None:
    records = [
        {"prompt": [{"role": "user", "content": p}], "completion": [{"role": "assistant", "content": "It is."}]}
        for p in PROMPTS
    ]
    settings = tiny(BaseSettings, "base", vocabulary=320, hidden=16, epochs=1.0, batch=4, max_length=48)
    given = train_tokenizer(["words of another text", "and more of them"] * 9, 280)
    given.save_pretrained(tmp_path / "base")
    train_base(records, settings, Checkpoints(tmp_path / "saved", minutes=60), tmp_path / "body", tmp_path / "base")
    found = AutoTokenizer.from_pretrained(tmp_path / "body")
    assert found.get_vocab() == given.get_vocab() and found.chat_template == given.chat_template
    body = AutoModelForCausalLM.from_pretrained(tmp_path / "body").model
    controller = grown_from(tmp_path / "body", ["P1A", "P1B"], len(given))
    for name, tensor in body.state_dict().items():
        torch.testing.assert_close(controller.model.state_dict()[name], tensor)
    ids = torch.tensor([given("another text")["input_ids"]])
    assert controller(input_ids=ids).logits.abs().max() == 0  # a uniform mixture

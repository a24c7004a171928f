"""A controller's body: a small model trained with the tokenizer of the base."""

from pathlib import Path

import torch
from tiny_settings import tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from mope.controller.pcm import grown_from
from mope.training.base import BaseSettings, train_base
from mope.training.checkpoints import Checkpoints
from mope.training.tokenizer import train_tokenizer

PROMPTS = ["What is rain?", "Explain the sky."] * 4


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

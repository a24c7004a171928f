"""Frozen first layers that are run once for each text."""

import pytest
import torch
from peft import get_peft_model
from transformers import GPT2Config, GPT2ForSequenceClassification, LlamaConfig, LlamaForSequenceClassification

from mope.training.recalled_trunk import recall_trunk
from mope.training.reward import RewardSettings, reward_adapter

SETTINGS = {"seed": 1, "rank": 4, "alpha": 8, "dropout": 0.0, "learning_rate": 0.1, "epochs": 1, "batch": 4}
SETTINGS |= {"held_out": 0.5, "min_accuracy": 0, "max_length": 64, "micro_batch": None}
SHAPE = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2}
TEXTS = [[5, 6, 7], [8, 9, 10, 11, 12], [5, 6], [13, 14, 15, 16]]


def classifier() -> LlamaForSequenceClassification:
    torch.manual_seed(0)
    return LlamaForSequenceClassification(LlamaConfig(**SHAPE, num_labels=1, pad_token_id=0)).eval()


def outcome(model: torch.nn.Module) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Scores of the texts, right-padded with two columns to spare, and the gradients of their sum of squares."""
    ids = torch.tensor([text + [0] * (7 - len(text)) for text in TEXTS])
    scores = model(input_ids=ids, attention_mask=(ids != 0).long()).logits
    scores.square().sum().backward()
    return scores.detach(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("layers", [1, 3])
def test_scores_and_gradients_are_those_of_the_whole_model(layers: int) -> None:
    settings = RewardSettings(**SETTINGS, layers=layers)
    whole, recalled = classifier(), classifier()
    assert recall_trunk(recalled, layers, [*TEXTS, TEXTS[0]], pad_id=0)
    found = []
    for model in (whole, recalled):
        torch.manual_seed(1)
        adapted = get_peft_model(model, reward_adapter(model, settings))
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter)
        found.append(outcome(adapted))
    (scores, gradients), (again, others) = found
    torch.testing.assert_close(again, scores)
    assert gradients.keys() == others.keys() and any("layers.3" in name for name in gradients)
    assert not any(f"layers.{i}." in name for name in gradients for i in range(4 - layers))
    for name, gradient in gradients.items():
        torch.testing.assert_close(others[name], gradient)


def test_a_text_that_was_not_run_is_refused() -> None:
    model = classifier()
    recall_trunk(model, 2, TEXTS, pad_id=0)
    with pytest.raises(KeyError):
        model(input_ids=torch.tensor([[5, 6, 8]]))


def test_another_family_stays_as_it_is() -> None:
    model = GPT2ForSequenceClassification(GPT2Config(n_layer=2, n_embd=8, n_head=2, vocab_size=64, num_labels=1))
    assert not recall_trunk(model, 1, TEXTS, pad_id=0)
    assert len(model.transformer.h) == 2

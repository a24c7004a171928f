"""What an untrained controller begins from."""

import random
from pathlib import Path

import pytest
import torch
from transformers import LlamaModel

from mope.controller.pcm import projected_embeddings
from mope.controller.untrained import new_controller
from mope.errors import MopeError
from mope.preferences import load_preferences
from tests.helpers.tiny import VOCABULARY, tiny_model
from tests.unit.controller.test_train import settings

IDS = ["P1A", "P1B", "P3A"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    tiny_model(0, num_hidden_layers=3).save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def controller(root: Path, base: Path, **changes):
    preferences = load_preferences(root / "workflow/prompts/preferences.yaml", IDS)
    return new_controller(None, VOCABULARY, preferences, settings(**changes), base)


def test_the_bases_first_layers_are_the_controllers_body(root: Path, base: Path) -> None:
    grown = controller(root, base, start="base", layers=2)
    ids = torch.tensor([random.Random(1).choices(range(2, VOCABULARY), k=9)])
    states = LlamaModel.from_pretrained(base)(ids, output_hidden_states=True).hidden_states
    whole = LlamaModel.from_pretrained(base)
    torch.testing.assert_close(grown.model(ids).last_hidden_state, whole.norm(states[2]))
    assert grown.config.num_hidden_layers == len(grown.model.layers) == 2
    assert grown(ids).logits.abs().max() == 0  # uniform


def test_a_grown_controller_is_read_back(root: Path, base: Path, tmp_path: Path) -> None:
    grown = controller(root, base, start="base", layers=1)
    torch.nn.init.normal_(grown.head.weight)
    grown.save_pretrained(tmp_path / "pcm")
    ids = torch.tensor([[5, 6, 7]])
    again = type(grown).from_pretrained(tmp_path / "pcm")
    torch.testing.assert_close(again(ids).logits, grown(ids).logits)


def test_more_layers_than_the_base_has_are_refused(root: Path, base: Path) -> None:
    with pytest.raises(MopeError, match="controller.layers: 4 found, .* has only 3 layers"):
        controller(root, base, start="base", layers=4)


def test_projected_embeddings_keep_the_products_as_far_as_they_can(base: Path) -> None:
    known = LlamaModel.from_pretrained(base).embed_tokens.weight.detach()
    whole = projected_embeddings(base, VOCABULARY + 2, known.shape[1])
    centred = known - known.mean(dim=0)
    scale = 0.02 / (centred.square().sum() / centred.numel()).sqrt()
    # The rotation keeps all products of two tokens; the standard deviation is taken without the mean of the components.
    torch.testing.assert_close(
        whole[:VOCABULARY] @ whole[:VOCABULARY].T, scale**2 * centred @ centred.T, rtol=0.01, atol=1e-5
    )
    torch.testing.assert_close(whole[VOCABULARY], whole[:VOCABULARY].mean(dim=0))
    assert projected_embeddings(base, VOCABULARY, 4).shape == (VOCABULARY, 4)


def test_embeddings_wider_than_the_bases_are_refused(base: Path) -> None:
    with pytest.raises(MopeError, match="controller.hidden: 33 found, at most 32"):
        projected_embeddings(base, VOCABULARY, 33)


def test_a_shape_of_its_own_begins_with_the_projected_embeddings(root: Path, base: Path) -> None:
    class Tokenizer:
        pad_token_id, eos_token_id = 0, 1

    preferences = load_preferences(root / "workflow/prompts/preferences.yaml", IDS)
    begun = new_controller(Tokenizer(), VOCABULARY, preferences, settings(start="embeddings"), base)
    torch.testing.assert_close(begun.model.embed_tokens.weight.detach(), projected_embeddings(base, VOCABULARY, 16))

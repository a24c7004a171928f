"""Published folders: a card that the Hub's own library reads, and nothing that differs from its record."""

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from mope.errors import MopeError
from mope.provenance.artifact import meta_path, write
from mope.provenance.manifest import build
from mope.publish.models import base_of, publish_models
from mope.training.base_source import KNOWN_PACKAGES

TEXT = "answers that “quote”: {{ braces }} & ümlauts"


def made(path: Path, stage: str, files: dict[str, str] | str) -> None:
    with write(path, stage=stage, params={"steps": 2, "note": "a: b"}, seeds={}) as temporary:
        if isinstance(files, str):
            temporary.write_text(files)
            return
        temporary.mkdir()
        for name, content in files.items():
            (temporary / name).write_text(content)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run with a base, a reward model and an expert, whose weights are of no importance."""
    folder = tmp_path / "results/laptop"
    adapter = {"adapter_config.json": '{"base_model_name_or_path": "old"}', "adapter_model.safetensors": "w"}
    made(folder / "base", "train_base", {"config.json": "{}", "model.safetensors": "w"})
    made(folder / "reward/P1A", "train_reward", adapter)
    made(folder / "reward/P1A.metrics.json", "train_reward", json.dumps({"n_pairs": 40, "accuracy": 0.925}))
    made(folder / "expert/P1A", "train_expert", adapter)
    made(folder / "expert/P1A.curve.csv", "train_expert", "step,reward\n" + "".join(f"{i},{i}\n" for i in range(10)))
    made(folder / "manifest.json", "write_manifest", json.dumps(build(folder)))
    return folder


def test_the_hubs_library_reads_the_cards(run: Path, tmp_path: Path) -> None:
    base, expert, reward = publish_models(run, "me", tmp_path / "out", {"P1A": TEXT})
    for folder in (base, expert, reward):
        card = ModelCard.load(folder / "README.md")
        assert card.data.language == "en" and "personalization" in card.data.tags
        assert "```yaml\nnote: 'a: b'\nsteps: 2\n```" in card.content
        assert "\n\n\n" not in card.content and not card.content.endswith("\n\n")
    card = ModelCard.load(reward / "README.md")
    (result,) = card.data.eval_results
    assert (result.metric_type, result.metric_value, result.task_type) == ("accuracy", 0.925, "text-classification")
    assert card.data.model_name == "me/mope-laptop-reward-p1a" and card.data.base_model == "me/mope-laptop-base"
    assert f"Its preference: “{TEXT}”" in card.text and "Accuracy on 40 held-out pairs: 92.5 %." in card.text
    card = ModelCard.load(expert / "README.md")
    assert card.data.eval_results is None
    assert "2.00 in the first 5 logged steps, 7.00 in the last 5" in card.text
    assert json.loads((expert / "adapter_config.json").read_text())["base_model_name_or_path"] == "me/mope-laptop-base"


@pytest.mark.parametrize("name", ["base/model.safetensors", "reward/P1A.metrics.json", "expert/P1A.curve.csv"])
def test_what_differs_from_its_record_is_named_and_not_published(run: Path, tmp_path: Path, name: str) -> None:
    text = (run / name).read_text()
    (run / name).write_text(text[:-1] + "x")
    with pytest.raises(MopeError, match=f"{name}: content differs"):
        publish_models(run, "me", tmp_path / "out", {"P1A": TEXT})


def test_metrics_altered_together_with_their_record_are_known_by_the_manifest(run: Path, tmp_path: Path) -> None:
    made(run / "reward/P1A.metrics.json", "train_reward", json.dumps({"n_pairs": 40, "accuracy": 1.0}))
    with pytest.raises(MopeError, match=r"P1A\.metrics\.json: SHA-256 .* as listed in manifest\.json, is expected"):
        publish_models(run, "me", tmp_path / "out", {"P1A": TEXT}, ["reward"])


def test_only_what_is_published_is_read(run: Path, tmp_path: Path) -> None:
    (run / "expert/P1A/adapter_model.safetensors").write_text("x")
    assert len(publish_models(run, "me", tmp_path / "out", {"P1A": TEXT}, ["reward"])) == 1


@pytest.mark.parametrize("owner", ["../elsewhere", "/tmp/x", "a b", "a/b", "-x", ""])
def test_an_owner_is_a_name_of_the_hub(run: Path, tmp_path: Path, owner: str) -> None:
    with pytest.raises(MopeError, match="^OWNER: .* a user or organisation of the Hugging Face Hub is expected$"):
        publish_models(run, owner, tmp_path / "out", {"P1A": TEXT})
    assert not (tmp_path / "out").exists()


def test_the_base_from_a_package_is_called_as_the_model_that_it_was_made_from(run: Path) -> None:
    (package,) = KNOWN_PACKAGES.values()
    record = json.loads(meta_path(run / "base").read_text()) | {"stage": "import_base", "params": {"gguf": "own.gguf"}}
    for digest, name in ((package.sha256, package.model), ("0" * 64, "own.gguf")):
        meta_path(run / "base").write_text(json.dumps(record | {"inputs": {"some/file.gguf": digest}}))
        assert base_of(run, "me") == name

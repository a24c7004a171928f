"""A folder whose weights are pointers, cut off, quantised or pickled is refused with the file's name, unread."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from mope.config.checks import cross_check
from mope.config.load import load_config
from mope.errors import MopeError
from mope.training.imported import import_base
from mope.training.model_folder import check_model_folder
from mope.training.tokenizer import train_tokenizer

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, tokenizer = tmp_path_factory.mktemp("whole"), train_tokenizer(["the sky is blue"], 300)
    torch.manual_seed(0)
    shape = {"vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=2)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "model")


class Command:
    """What a pickle can hold: a command that runs when it is read."""

    def __init__(self, proof: Path):
        self.proof = proof

    def __reduce__(self):
        return os.mkdir, (str(self.proof),)


def pointer(folder: Path, name: str = WEIGHTS) -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n"
    (folder / name).write_text(text)


def cut(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def pickled(folder: Path, name: str) -> None:
    (folder / WEIGHTS).unlink()
    (folder / name).write_bytes(pickle.dumps(Command(folder / "ran")))


def change(folder: Path, **keys: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | keys))


def split(folder: Path) -> None:
    """The same weights in two parts and an index."""
    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    parts = {name: f"part-{i % 2}.safetensors" for i, name in enumerate(tensors)}
    for part in set(parts.values()):
        save_file({n: t for n, t in tensors.items() if parts[n] == part}, folder / part, {"format": "pt"})
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": parts}))


def lost_part(folder: Path) -> None:
    split(folder)
    (folder / "part-1.safetensors").unlink()


def lost_tensor(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    tensors.pop("model.layers.0.mlp.up_proj.weight")
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})


def float64(folder: Path) -> None:
    save_file({n: t.double() for n, t in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS, {"format": "pt"})
    change(folder, dtype="float64")


def offsets(folder: Path, found: str) -> None:
    """One tensor whose data_offsets are as `found`."""
    header = f'{{"x": {{"dtype": "F32", "shape": [1], "data_offsets": {found}}}}}'.encode()
    (folder / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "pointer": (pointer, r"model.safetensors: a pointer of Git LFS; .*git lfs pull"),
    "pointer of the tokenizer": (lambda f: pointer(f, "tokenizer.json"), "tokenizer.json: a pointer of Git LFS"),
    "pointer of the configuration": (lambda f: pointer(f, "config.json"), "config.json: a pointer of Git LFS"),
    "cut": (cut, r"model.safetensors: \d+ bytes found, but its header tells of \d+"),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), "model.safetensors: 0 bytes without a header"),
    "no end": (lambda f: offsets(f, "[0, Infinity]"), "model.safetensors: its header names no data_offsets"),
    "not a number": (lambda f: offsets(f, "[0, NaN]"), "model.safetensors: its header names no data_offsets"),
    "offsets as text": (lambda f: offsets(f, '["0", "4"]'), "model.safetensors: its header names no data_offsets"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), "no weights; model.safetensors"),
    "bin": (lambda f: pickled(f, "pytorch_model.bin"), "pytorch_model.bin: pickled weights, .*save_pretrained"),
    "pt": (lambda f: pickled(f, "consolidated.00.pth"), "consolidated.00.pth: pickled weights"),
    "quantised": (
        lambda f: change(f, quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True}),
        "config.json: quantization_config found, the weights are quantised; .* is expected",
    ),
    "a part lost": (lost_part, "index.json: file 'part-1.safetensors' is not in the folder"),
    "no type": (lambda f: change(f, model_type=None), "config.json: model_type is None"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer; one of tokenizer.json"),
    "generation": (lambda f: (f / "generation_config.json").write_text("{"), "generation_config.json: Expecting"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_folder_is_said_before_the_first_job(
    case: str, folder: Path, root: Path, tmp_path: Path
) -> None:
    spoil, said = CASES[case]
    spoil(folder)
    with pytest.raises(MopeError, match=said) as error:
        import_base(folder, None, [], tmp_path / "base")
    assert len(str(error.value).splitlines()) == 1
    assert not (folder / "ran").exists()
    config = load_config(root, {"experiment": "smoke"})
    config["base"] |= {"path": str(folder)}
    found = dict(cross_check(config, root, True, root))
    assert str(error.value) == found["base", "path"]


@pytest.mark.parametrize("name", [WEIGHTS, "config.json", "generation_config.json"])
def test_a_file_that_may_not_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    opened = Path.open

    def refuse(path: Path, *options: object, **more: object) -> object:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return opened(path, *options, **more)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MopeError, match=f"{name}: cannot be read .Permission denied.; a file of a model is expected"):
        check_model_folder(folder)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lost_tensor, "the weights lack model.layers.0.mlp.up_proj.weight"),
        (float64, "weights of type float64; float32, bfloat16 or float16 is expected"),
        (lambda f: change(f, num_hidden_layers=10**9), "config.json tells of 1000000000 layers"),
        (lambda f: change(f, vocab_size=10**12), "config.json tells of .* numbers of embedding"),
        (lambda f: change(f, intermediate_size=17), "not a causal LM"),
        (lambda f: change(f, num_hidden_layers=0), "hold model.layers.0.input_layernorm.weight and 8 others"),
    ],
)
def test_weights_of_another_model_are_refused(spoil: Callable[[Path], None], said: str, folder: Path) -> None:
    spoil(folder)
    check_model_folder(folder)
    with pytest.raises(MopeError, match=said):
        import_base(folder, None, [], folder.parent / "base")


def test_weights_in_parts_are_read(folder: Path, whole: Path) -> None:
    split(folder)
    import_base(folder, None, [], folder.parent / "base")
    given, taken = load_file(whole / WEIGHTS), load_file(folder.parent / "base" / WEIGHTS)
    assert all(torch.equal(given[name], taken[name]) for name in given)


def test_a_card_that_is_not_utf8_is_read(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (folder / "README.md").write_bytes("---\nlicense: mit\n---\ncaf\xe9".encode("latin-1"))
    import_base(folder, None, [], folder.parent / "base")
    assert "licence mit" in capsys.readouterr().out

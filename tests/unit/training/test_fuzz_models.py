"""A thousand damaged model and adapter folders end in a model or in one line, never in a traceback."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from file_mutations import mutations
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

from mope.engine.lora import read_adapter
from mope.errors import MopeError
from mope.training.imported import import_base
from mope.training.tokenizer import train_tokenizer

SHAPE = {"vocab_size": 280, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
COUNTS = {
    "config.json": 400, "generation_config.json": 100, "tokenizer.json": 100, "tokenizer_config.json": 250,
    "chat_template.jinja": 50, "model.safetensors": 100,
}  # fmt: skip
OTHERS = [None, True, 0, -1, 10**12, 1.5, "", "x", [], [1], {}, {"a": 1}, "auto", float("nan")]
ADAPTER_COUNTS = {"adapter_config.json": 150, "adapter_model.safetensors": 50}


@pytest.fixture(autouse=True)
def quiet():
    """The library's progress bars and warnings take more time than the models."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    yield
    logging.set_verbosity(before)
    logging.enable_progress_bar()


def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**SHAPE))


def swapped(content: bytes, rng: random.Random) -> bytes:
    """The JSON object with one value of another kind, which no change of bytes would often make."""
    value = json.loads(content)
    key = rng.choice(sorted(value))
    return json.dumps(value | {key: rng.choice(OTHERS)}).encode()


def other_header(header: bytes, rng: random.Random) -> bytes:
    """The header of safetensors with another dtype, shape or place of one tensor."""
    value = json.loads(header)
    tensor = value[rng.choice(sorted(value.keys() - {"__metadata__"}))]
    tensor[rng.choice(sorted(tensor))] = rng.choice([*OTHERS, [0, 4], [2, 2], [-1, 8], [10**12], "F64", "I8", "BOOL"])
    content = json.dumps(value).encode()
    return len(content).to_bytes(8, "little") + content


def damaged(content: bytes, count: int, name: str) -> list[bytes]:
    if name.endswith(".safetensors"):  # the header; what follows are numbers, of which any are right
        size = 8 + int.from_bytes(content[:8], "little")
        rng = random.Random(name)
        headers = [*mutations([content[:size]], count // 2, seed=1)]
        headers += [other_header(content[8:size], rng) for _ in range(count - count // 2)]
        return [header + content[size:] for header in headers]
    if not name.endswith(".json") or name == "tokenizer.json":
        return list(mutations([content], count, seed=1))
    rng = random.Random(name)
    return [*mutations([content], count // 2, seed=1), *(swapped(content, rng) for _ in range(count - count // 2))]


def fuzz(folder: Path, counts: dict[str, int], read: Callable[[], object]) -> None:
    """Read the folder with each damaged file in turn; some are read rightly, most are refused, in one line."""
    read()
    for name, count in counts.items():
        whole, refused = (folder / name).read_bytes(), 0
        for number, content in enumerate(damaged(whole, count, name)):
            (folder / name).write_bytes(content)
            try:
                read()
            except MopeError as error:
                refused += 1
                assert len(str(error).splitlines()) == 1, (name, number)
            except BaseException as error:  # a panic of a library in Rust is no Exception
                pytest.fail(f"{name} {number}: {type(error).__name__}: {error}")
        (folder / name).write_bytes(whole)
        assert 0 < refused <= count, name


def test_a_model_folder(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    model().save_pretrained(folder)
    train_tokenizer(["the sky is blue"], 280).save_pretrained(folder)
    fuzz(folder, COUNTS, lambda: import_base(folder, None, [], tmp_path / "base"))


def test_an_adapter_folder(tmp_path: Path) -> None:
    get_peft_model(model(), LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(tmp_path)
    fuzz(tmp_path, ADAPTER_COUNTS, lambda: read_adapter(tmp_path))

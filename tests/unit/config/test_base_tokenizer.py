"""Prompts are checked by the tokenizer of the base, wherever it is, before the first job."""

import json
from pathlib import Path

import gguf
import pytest
import sentencepiece
from bare_model_folder import bare_model_folder
from gguf_tokenizer import add_tokenizer, tokenizer

from mope.config.checks import cross_check
from mope.config.load import load_config

TALK = {"messages": [{"role": role, "content": "Why is it so?"} for role in ("user", "assistant", "user")]}
LAST_ONLY = "{{ messages[-1]['content'] }}"


def gguf_file(file: Path, template: str = "{% for m in messages %}{{ m['content'] }}{% endfor %}") -> Path:
    """Positions and tokenizer, and no weights."""
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(300)
    add_tokenizer(writer, tokenizer(), template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return file


def sentencepiece_folder(folder: Path) -> Path:
    """A model whose tokenizer is tokenizer.model alone."""
    bare_model_folder(folder, max_position_embeddings=300)
    (folder / "tokenizer.json").unlink()
    (folder / "texts").write_text("the sky is blue\nwhy is it so?\n" * 9)
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "texts"), model_prefix=str(folder / "tokenizer"), vocab_size=28, model_type="bpe",
        minloglevel=2,
    )  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer", "legacy": False}))
    return folder


def said_of(folder: Path, base: dict, records: list[dict]) -> dict[tuple, str]:
    """What is wrong where these are the prompts of the first evaluation set, by key."""
    (folder / "mine.jsonl").write_text("\n".join(map(json.dumps, records)))
    config = load_config(folder, {"experiment": "smoke"})
    config["base"] |= base
    config["evaluation_sets"]["single"] = {"prompts": len(records), "source": "mine.jsonl"}
    config["generation"]["max_new_tokens"] = 16
    return dict(cross_check(config, folder, True, folder))


@pytest.mark.parametrize("kind", ["gguf", "path"])
def test_prompts_are_counted_without_a_tokenizer_json(folder: Path, kind: str) -> None:
    base = gguf_file(folder / "tiny.gguf") if kind == "gguf" else sentencepiece_folder(folder / "base")
    for count, fits in ((4, True), (290, False)):
        prompts = [{"prompt": f"{i} " + "why " * count} for i in range(4)]
        problem = said_of(folder, {kind: base.name}, prompts).get(("generation", "max_new_tokens"))
        assert fits == (problem is None)
    assert "a prompt of mine.jsonl has " in problem and "the base 300 positions" in problem


def test_the_template_of_a_gguf_file_is_tried_on_conversations(folder: Path) -> None:
    key, base = ("evaluation_sets", "single", "source"), {"gguf": "tiny.gguf"}
    gguf_file(folder / "tiny.gguf")
    assert key not in said_of(folder, base, [TALK])
    gguf_file(folder / "other.gguf", LAST_ONLY)
    assert "leaves out message" in said_of(folder, {"gguf": "other.gguf"}, [TALK])[key]


def test_conversations_for_a_base_whose_tokenizer_cannot_be_read(folder: Path) -> None:
    key = ("evaluation_sets", "single", "source")
    bare_model_folder(folder / "base")
    (folder / "base/tokenizer.json").write_text('{"version": ')
    (folder / "bad.gguf").write_bytes(b"GGUF and nothing else")
    for base, name in (({"path": "base"}, "base"), ({"gguf": "bad.gguf"}, "bad.gguf")):
        found = said_of(folder, base, [{"prompt": "Why?"}, TALK])[key]
        assert found.startswith("mine.jsonl: line 2: a conversation") or f"{folder}/mine.jsonl: line 2: " in found
        assert f"{folder / name}: its tokenizer cannot be read (" in found
        assert key not in said_of(folder, base, [{"prompt": "Why?"}])
    missing = list(said_of(folder, {"path": "none"}, [TALK]))
    assert missing[0] == ("base", "path")

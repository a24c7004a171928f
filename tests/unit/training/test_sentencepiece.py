"""A model whose tokenizer is tokenizer.model alone reads the tokens that SentencePiece makes."""

import json
import shutil
from pathlib import Path

import pytest
import sentencepiece
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from mope.decoding.turn_ends import turn_ends
from mope.errors import MopeError
from mope.prompting import encode
from mope.training.imported import import_base

TEXTS = [
    "the sky is blue because light is scattered by the air",
    "rain is water that falls from clouds",
    "why is it so?",
]
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    "{% else %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "texts").write_text("\n".join(TEXTS * 4))
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "texts"), model_prefix=str(tmp_path / "tokenizer"), vocab_size=60, model_type="bpe",
        pad_id=3, byte_fallback=False, minloglevel=2, user_defined_symbols=["[INST]", "[/INST]"],
    )  # fmt: skip
    folder = tmp_path / "given"
    torch.manual_seed(0)
    shape = {"vocab_size": 60, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=2)).save_pretrained(folder)
    shutil.copy(tmp_path / "tokenizer.model", folder)
    about = {"tokenizer_class": "LlamaTokenizer", "chat_template": TEMPLATE, "legacy": False}
    tokens = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about | tokens))
    return folder


def test_the_tokens_are_those_of_sentencepiece(folder: Path, tmp_path: Path) -> None:
    import_base(folder, None, [], tmp_path / "base")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "base")
    own = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model"))
    for text in TEXTS:
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == own.encode(text)
    assert turn_ends(tmp_path / "base", tokenizer).ids == (own.eos_id(),)
    assert tokenizer.decode(encode(tokenizer, TEXTS[0])).replace(" ", "").count(TEXTS[0].replace(" ", "")) == 1
    assert (tmp_path / "base/tokenizer.json").is_file()  # later stages need no SentencePiece


def test_one_that_is_not_whole_is_refused(folder: Path, tmp_path: Path) -> None:
    content = (folder / "tokenizer.model").read_bytes()
    (folder / "tokenizer.model").write_bytes(content[: len(content) // 2])
    with pytest.raises(MopeError, match="base.path .*: no tokenizer "):
        import_base(folder, None, [], tmp_path / "base")

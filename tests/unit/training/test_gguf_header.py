"""The head of a GGUF file tells the sizes of the model; a damaged one tells nothing, and raises nothing."""

from pathlib import Path

import gguf
import pytest
from file_mutations import mutations

from mope.training.gguf_header import sizes_in_header

SIZES = {"context_length": 2048, "block_count": 6, "embedding_length": 64}
NOTHING = ("", {})


def write(file: Path, family: str = "llama", positions: int | None = 2048, big: bool = False) -> Path:
    """Metadata of every kind before and after the positions, and no tensor."""
    order = gguf.GGUFEndian.BIG if big else gguf.GGUFEndian.LITTLE
    writer = gguf.GGUFWriter(file, family, endianess=order)
    writer.add_name("Größe")
    writer.add_rope_freq_base(10_000.0)
    writer.add_token_list(["a", "bc", "é" * 300])
    writer.add_token_scores([0.5, -1.0, 2.0])
    writer.add_array("mine.flags", [True, False])
    writer.add_bool("mine.flag", True)
    for kind, value in {
        "uint8": 255,
        "int8": -1,
        "uint16": 9,
        "int16": -9,
        "int32": -7,
        "uint64": 7,
        "int64": -7,
    }.items():
        getattr(writer, f"add_{kind}")(f"mine.{kind}", value)
    writer.add_float64("mine.float64", 0.25)
    writer.add_rope_scaling_orig_ctx_len(512)
    if positions is not None:
        writer.add_context_length(positions)
        writer.add_block_count(6)
        writer.add_embedding_length(64)
    writer.add_chat_template("{{ messages }}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return file


@pytest.mark.parametrize("family", ["llama", "qwen2", "bloom"])
def test_the_number_that_was_written_is_read(family: str, tmp_path: Path) -> None:
    assert sizes_in_header(write(tmp_path / "model.gguf", family, 32_768)) == (
        family,
        SIZES | {"context_length": 32_768},
    )


def test_a_file_that_does_not_say_it(tmp_path: Path) -> None:
    assert sizes_in_header(write(tmp_path / "none.gguf", positions=None)) == ("llama", {})
    rest = {name: size for name, size in SIZES.items() if name != "context_length"}
    assert sizes_in_header(write(tmp_path / "zero.gguf", positions=0)) == ("llama", rest)
    assert sizes_in_header(write(tmp_path / "big.gguf", big=True)) == NOTHING
    assert sizes_in_header(tmp_path) == sizes_in_header(tmp_path / "missing.gguf") == NOTHING


def test_damage_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole, file, told = write(tmp_path / "whole.gguf").read_bytes(), tmp_path / "damaged.gguf", 0
    needed = whole.index(b"llama.embedding_length") + len(b"llama.embedding_length") + 8
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert sizes_in_header(file) == (("llama", SIZES) if length >= needed else NOTHING)
    for content in mutations([whole], 1000, seed=3):
        file.write_bytes(content)
        told += sizes_in_header(file) == ("llama", SIZES)
    assert 20 < told < 900

"""The head of a GGUF file tells the positions of the model; a damaged one tells nothing, and raises nothing."""

from pathlib import Path

import gguf
import pytest
from file_mutations import mutations

from mope.training.gguf_header import family_and_positions


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
    writer.add_chat_template("{{ messages }}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return file


@pytest.mark.parametrize("family", ["llama", "qwen2", "bloom"])
def test_the_number_that_was_written_is_read(family: str, tmp_path: Path) -> None:
    assert family_and_positions(write(tmp_path / "model.gguf", family, 32_768)) == (family, 32_768)


def test_a_file_that_does_not_say_it(tmp_path: Path) -> None:
    assert family_and_positions(write(tmp_path / "none.gguf", positions=None)) is None
    assert family_and_positions(write(tmp_path / "zero.gguf", positions=0)) is None
    assert family_and_positions(write(tmp_path / "big.gguf", big=True)) is None
    assert family_and_positions(tmp_path) is None
    assert family_and_positions(tmp_path / "missing.gguf") is None


def test_damage_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole, file, told = write(tmp_path / "whole.gguf").read_bytes(), tmp_path / "damaged.gguf", 0
    needed = whole.index(b"llama.context_length") + len(b"llama.context_length") + 8
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert family_and_positions(file) == (("llama", 2048) if length >= needed else None)
    for content in mutations([whole], 1000, seed=3):
        file.write_bytes(content)
        told += family_and_positions(file) == ("llama", 2048)
    assert 20 < told < 900

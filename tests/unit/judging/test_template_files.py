"""Files of judge prompts are read, or refused in one line that names the file."""

from pathlib import Path

import pytest
from file_mutations import mutations
from judge_helpers import TEMPLATES

from mope.errors import MopeError
from mope.judging.template_files import load_templates

FRAME = "system: s\nuser: '{criterion} {instruction} {output_a} {output_b}'\n"
EXAMPLE = "criterion: x\nexamples: [{instruction: a, output_a: b, output_b: c, answer: TIE}]\n"


@pytest.mark.parametrize(
    "text,said",
    [("criterion: x\n", "examples"), ("criterion: x\nexamples: [{instruction: a}]\n", "needs"),
     ("criterion: x\nexamples: [{instruction: a, output_a: b, output_b: c, answer: maybe}]\n", "'maybe'")],
)  # fmt: skip
def test_malformed_templates(tmp_path, text, said):
    (tmp_path / "frame.yaml").write_text("system: s\nuser: u\n")
    (tmp_path / "P1A.yaml").write_text(text)
    with pytest.raises(MopeError, match=said):
        load_templates(tmp_path, ["P1A"])
    with pytest.raises(MopeError, match="P9.yaml"):
        load_templates(tmp_path, ["P9"])


@pytest.mark.parametrize(
    "name,text,said",
    [
        ("frame", "system: [s\n", "frame.yaml: line"),
        ("frame", "system: s\nsystem: t\nuser: u\n", "appears twice"),
        ("frame", "system: 7\nuser: u\n", r"frame.yaml: system: 7 \(whole number\) found, a text"),
        ("frame", "system: s\nuser: ' '\n", "frame.yaml: user"),
        (
            "frame",
            FRAME.replace("{output_b}", "{output_c}"),
            r"placeholder \{output_c\} is unknown.*did you mean \{output_",
        ),
        ("frame", FRAME.replace("{output_b}", ""), r"placeholder \{output_b\} is missing"),
        ("frame", FRAME.replace("system: s", "system: '{criterion}'"), "system: placeholder"),
        ("frame", "- a\n", "a mapping of keys"),
        ("frame", "", "null found"),
        ("frame", "system: " + "[" * 5000, "frame.yaml: "),
        ("frame", b"system: caf\xe9\nuser: u\n", "is not UTF-8 text"),
        ("P1A", "criterion: x\nexamples: {a: b}\n", "a list is expected"),
        ("P1A", "criterion: x\nexamples: [7]\n", "example 1: an example needs"),
        ("P1A", EXAMPLE.replace("answer: TIE", "answer: 3"), "example 1: answer: 3"),
        ("P1A", EXAMPLE.replace("output_b: c", "output_b: [c]"), "example 1: output_b"),
        ("P1A", 'criterion: "\\ud800"\nexamples: []\n', "no valid Unicode"),
        ("P1A", "criterion: \x01\nexamples: []\n", "P1A.yaml"),
    ],
)
def test_templates_that_cannot_be_used_are_named(tmp_path, name, text, said):
    (tmp_path / "frame.yaml").write_text(FRAME)
    (tmp_path / "P1A.yaml").write_text(EXAMPLE)
    load_templates(tmp_path, ["P1A"])
    (tmp_path / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(MopeError, match=said) as caught:
        load_templates(tmp_path, ["P1A"])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["frame", "P1A"])
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str) -> None:
    whole = {other: (TEMPLATES / f"{other}.yaml").read_bytes() for other in ("frame", "P1A")}
    for other, content in whole.items():
        (tmp_path / f"{other}.yaml").write_bytes(content)
    accepted, count = 0, 500
    for content in mutations([whole[name]], count, seed=13):
        (tmp_path / f"{name}.yaml").write_bytes(content)
        try:
            templates = load_templates(tmp_path, ["P1A"])
        except MopeError as error:
            assert str(error).isprintable() and f"{name}.yaml" in str(error)
        else:
            f"{templates}".encode()
            accepted += 1
    assert 5 < accepted < count - 30

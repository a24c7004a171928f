"""Every shipped configuration is valid; bad input ends in one line: the key, what was found, what would be right."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from mope.config import load, merged
from mope.errors import MopeError

MIX = {"kind": "mix", "mixer": "controller", "prompt": "own"}
WORLD = {"source": "world", "prompts": 5}

BAD_VALUES = [  # (overrides, the key named, what would be right)
    ({"sead": 7}, "sead", "did you mean seed?"),
    ({"controller": {"etaa": 1.0}}, "controller.etaa", "did you mean eta?"),
    ({"base": {"layer": 2}}, "base.layer", "did you mean layers?"),
    ({"evaluation_sets": {"single": {"prompt": 5}}}, "evaluation_sets.single.prompt", "did you mean prompts?"),
    ({"methods": {"uniform": {"strength": 1.0}}}, "methods.uniform.strength", "arithmetic"),
    ({"methods": {"vanilla": {"mixer": "logit"}}}, "methods.vanilla.mixer", "one of kind, prompt"),
    ({"seed": "seven"}, "seed", "a whole number"),
    ({"seed": 7.0}, "seed", "a whole number"),
    ({"seed": True}, "seed", "a whole number"),
    ({"seed": -1}, "seed", "≥ 0"),
    ({"run": "My Run"}, "run", "lower-case letters"),
    ({"base": None}, "base", "a mapping"),
    ({"preferences": "P1A"}, "preferences", "a list"),
    ({"expert": {"learning_rate": "1e-3"}}, "expert.learning_rate", "1.0e-3"),
    ({"expert": {"learning_rate": 0}}, "expert.learning_rate", "> 0"),
    ({"expert": {"generations": 1}}, "expert.generations", "≥ 2"),
    ({"feedback": {"noise": 0.5}}, "feedback.noise", "< 0.5"),
    ({"reward": {"min_accuracy": 85}}, "reward.min_accuracy", "≤ 1"),
    ({"reward": {"held_out": 0.0}}, "reward.held_out", "> 0"),
    ({"generation": {"top_p": 0}}, "generation.top_p", "> 0"),
    ({"generation": {"temperature": float("nan")}}, "generation.temperature", "a finite number"),
    ({"generation": {"min_new_tokens": 500}}, "generation.min_new_tokens", "a number ≤"),
    ({"base": {"hidden": 130}}, "base.hidden", "multiple"),
    ({"controller": {"reward": "BT"}}, "controller.reward", "one of bt, raw"),
    ({"controller": {"seeds": []}}, "controller.seeds", "at least 1"),
    ({"controller": {"seeds": [0, 0]}}, "controller.seeds", "once"),
    ({"controller": {"seeds": [0, "one"]}}, "controller.seeds[1]", "a whole number"),
    ({"preferences": ["P1A", "P1C"]}, "preferences[1]", "did you mean P"),
    ({"preferences": ["P1A", "P1A"]}, "preferences", "once"),
    ({"preferences": []}, "preferences", "at least 1"),
    ({"preferences": ["P1A", "P2A"]}, "preferences", "P3A"),
    ({"methods": {"mope": {"mixer": "logits"}}}, "methods.mope.mixer", "did you mean logit?"),
    ({"methods": {"mope": {"kind": "mixture"}}}, "methods.mope.kind", "one of base, soup, mix, expert"),
    ({"methods": {"mine": {"prompt": "own"}}}, "methods.mine.kind", "missing"),
    ({"methods": {"mine": MIX}}, "methods.mine.controller", "missing"),
    ({"methods": {"mine": {**MIX, "controller": "mopee"}}}, "methods.mine.controller", "mope"),
    ({"methods": {"my--method": {"kind": "base", "prompt": "all"}}}, "methods", "lower-case letters"),
    ({"methods": {"soup_exact": {"average": "mean"}}}, "methods.soup_exact.average", "one of factor, exact"),
    ({"methods": {"mope": None}}, "methods.mope", "missing"),
    ({"methods": {"mope": {"mixer": "uniform", "controller": None}}}, "methods.mope", "controller"),
    ({"statistics": {"named": ["promting"]}}, "statistics.named[0]", "did you mean prompting?"),
    ({"statistics": {"named": ["mope"]}}, "statistics.named[0]", "another method"),
    ({"judge": {"name": "gpt"}}, "judge.name", "rubric"),
    ({"evaluation_sets": {"train": WORLD}}, "evaluation_sets.train", "another name"),
    ({"evaluation_sets": {"singel": WORLD}}, "evaluation_sets.singel", "did you mean single?"),
    ({"evaluation_sets": {"single": {"prompts": 0}}}, "evaluation_sets.single.prompts", "≥ 1"),
    ({"evaluation_sets": {"single": {"source": ""}}}, "evaluation_sets.single.source", "at least 1"),
    ({"evaluation_sets": {"single": {"source": "no/such.jsonl"}}}, "evaluation_sets.single.source", "JSON-lines file"),
    ({"base": {"path": "no/such/folder"}}, "base.path", "does not exist"),
    ({"base": {"path": "workflow"}}, "base.path", "config.json"),
    ({"experiment": "smokee"}, "experiment", "one of"),
]

BAD_FILES = [  # (text of config.yaml, what is named, what would be right)
    ("seed: [7", "config.yaml: line", "valid YAML"),
    ("seed: 7\nseed: 8\n", "'seed' appears twice", "valid YAML"),
    ("7: seed\n", "key 7 is not text", "valid YAML"),
    ("- seed\n", "config.yaml", "a mapping"),
    ("", "config.yaml: null", "a mapping"),
    ("seed:\t7\n\tx: 1", "config.yaml: line", "valid YAML"),
    ("a: !!python/object:os.system {}\n", "config.yaml: line 1", "valid YAML"),
    ("seed: 7\n", "config.yaml: run", "missing"),
]

BAD_PROMPTS = [  # (content of the prompt file, what is named, what would be right)
    ("", "empty", "at least one JSON line"),
    ("\n  \n", "empty", "at least one JSON line"),
    ('{"prompt": "a"}\n{"prompt": \n', "line 2", "is expected"),
    ('{"prompt": "a"}\n"b"\n', "line 2", "not a JSON object"),
    ('{"text": "a"}\n', "line 1", "prompt and id are expected"),
    ('{"id": "1"}\n', "line 1", "no prompt"),
    ('{"prompt": 7}\n', "line 1", "text that is not empty"),
    ('{"prompt": " "}\n', "line 1", "text that is not empty"),
    ('{"id": "x", "prompt": "a"}\n{"prompt_id": "x", "prompt": "b"}\n', "line 2: prompt id 'x'", "once"),
    ('{"prompt": "a"}\n', "holds 1 prompts", "2 found"),
]


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of the project that a configuration is checked against."""
    copy = tmp_path_factory.mktemp("config")
    shutil.copy(root / "config.yaml", copy)
    for name in ("schemas", "prompts", "experiments"):
        shutil.copytree(root / "workflow" / name, copy / "workflow" / name)
    return copy


def problem(folder: Path, command_line: dict | None = None, files: list[Path] | None = None) -> str:
    """The message of the error that loading ends with: always one line."""
    with pytest.raises(MopeError) as caught:
        load(folder, command_line, files or [])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_experiments_are_valid(root: Path) -> None:
    assert load(root)["run"] == "laptop"
    for file in (root / "workflow/experiments").glob("*.yaml"):
        assert load(root, {"experiment": file.stem})["run"] == file.stem


@pytest.mark.parametrize(("overrides", "key", "right"), BAD_VALUES, ids=lambda value: str(value)[:40])
def test_bad_values_are_named(folder: Path, overrides: dict, key: str, right: str) -> None:
    message = problem(folder, overrides)
    assert key in message
    assert right in message


@pytest.mark.parametrize(("text", "named", "right"), BAD_FILES)
def test_bad_files_are_named(folder: Path, tmp_path: Path, text: str, named: str, right: str) -> None:
    shutil.copytree(folder / "workflow", tmp_path / "workflow")
    (tmp_path / "config.yaml").write_text(text)
    message = problem(tmp_path)
    assert named in message
    assert right in message


@pytest.mark.parametrize(("content", "named", "right"), BAD_PROMPTS)
def test_bad_prompt_files_are_named(folder: Path, tmp_path: Path, content: str, named: str, right: str) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(content)
    message = problem(folder, {"data": {"train": {"source": str(file), "prompts": 2}}})
    assert "data.train" in message
    assert named in message
    assert right in message


def test_the_file_that_holds_the_bad_key_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("controller: {steps: 0}\n")
    assert problem(folder, files=[tmp_path / "mine.yaml"]).startswith(f"{tmp_path / 'mine.yaml'}: controller.steps: 0")
    assert problem(folder, {"seed": -1}).startswith("--config: seed: -1 found")
    assert "cannot be read" in problem(folder, files=[tmp_path / "missing.yaml"])
    (tmp_path / "latin.yaml").write_bytes(b"run: caf\xe9\n")
    assert "not UTF-8" in problem(folder, files=[tmp_path / "latin.yaml"])


def test_a_bad_preference_file_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    file = tmp_path / "copy/workflow/prompts/preferences.yaml"
    file.write_text("dimensions: {}\n")
    assert "preferences.yaml: names: missing" in problem(tmp_path / "copy")
    file.write_text("dimensions: {\n")
    assert "preferences.yaml: line 2" in problem(tmp_path / "copy")


def test_a_good_prompt_file_is_accepted(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in ("Why?", "How?")))
    config = load(folder, {"data": {"train": {"source": str(file), "prompts": 2}}})
    assert config["data"]["train"]["source"] == str(file)


def test_null_leaves_a_method_out(folder: Path) -> None:
    assert "vanilla" in load(folder)["methods"]
    assert "vanilla" not in load(folder, {"methods": {"vanilla": None}})["methods"]


def test_overrides_go_key_by_key_and_replace_lists() -> None:
    below = {"a": {"b": 1, "c": [1, 2]}, "d": 2}
    assert merged(below, {"a": {"c": [3]}, "e": 4}) == {"a": {"b": 1, "c": [3]}, "d": 2, "e": 4}
    assert below == {"a": {"b": 1, "c": [1, 2]}, "d": 2}


def test_the_schema_is_closed_everywhere(root: Path) -> None:
    def open_objects(schema: object, place: str) -> list[str]:
        if not isinstance(schema, dict):
            return []
        closed = "additionalProperties" in schema or "allOf" in schema
        found = [] if closed or "properties" not in schema or place.endswith("if") else [place]
        for key, child in schema.items():
            for i, part in enumerate(child if isinstance(child, list) else [child]):
                found += open_objects(part, f"{place}/{i if isinstance(child, list) else ''}{key}")
        return found

    assert open_objects(yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text()), "") == []


def test_no_key_is_optional(root: Path) -> None:
    """Defaults stand in config.yaml alone."""
    sections = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())["properties"]
    for name, section in sections.items():
        assert sorted(section.get("required", [])) == sorted(section.get("properties", {})) or name in (
            "methods",
            "controllers",
        ), name

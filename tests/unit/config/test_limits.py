"""Nonsense in a configuration is refused at once, and no damaged file ends in a traceback."""

import functools
import json
import random
from pathlib import Path

import pytest
import yaml
from configurations import copy_configurations
from file_mutations import SNIPPETS, mutations

import mope.config.load
from mope.config.load import load_config
from mope.errors import MopeError
from mope.runtime.yaml_file import read_yaml

CHAT = {
    "kind": "chat", "base_url": "https://api.example.com/v1", "model": "m", "key_variable": "JUDGE_KEY",
    "temperature": 0.0, "seed": 0, "max_tokens": 8, "max_characters": 4000, "price_input": 1.0,
    "price_output": 1.0, "budget": 1.0, "concurrency": 4, "timeout": 60.0, "attempts": 5,
}  # fmt: skip
BOMB = b"\n".join(b"%c: &%c [%s]" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(9))
HUB = {"id": "org/model", "revision": "a" * 40}


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of the project that a configuration is checked against; their texts are parsed once."""
    return copy_configurations(root, tmp_path_factory.mktemp("config"))


@pytest.fixture(autouse=True)
def parsed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the project's own files, which no test here changes."""
    once = functools.cache(read_yaml)
    monkeypatch.setattr(mope.config.load, "read_yaml", lambda p: once(p) if folder in Path(p).parents else read_yaml(p))


def problem(folder: Path, file: Path, changes: dict) -> str:
    """The message for a configuration file with these changes; on the command line YAML folds line ends."""
    file.write_text(yaml.safe_dump(changes))
    with pytest.raises(MopeError) as caught:
        load_config(folder, files=[file])
    message = str(caught.value)
    assert message.isprintable() and len(message) <= 2000
    return message


def nested(levels: int) -> list:
    return [nested(levels - 1)] if levels else []


@pytest.mark.parametrize(
    ("changes", "key", "right"),
    [
        ({"run": "mine\n"}, "run", "lower-case letters"),
        ({"run": "a" * 5000}, "run", "at most 60"),
        ({"run": "$(touch x)"}, "run", "lower-case letters"),
        ({"artifacts": "laptop\n"}, "artifacts", "lower-case letters"),
        ({"artifacts": "reference"}, "artifacts", "the name of a run"),
        ({"methods": {"mine\n": {"kind": "base", "prompt": "all"}}}, "methods", "lower-case letters"),
        ({"judges": {"a b": CHAT}}, "judges", "lower-case letters"),
        ({"judges": {"llm": CHAT | {"base_url": "http://host:99999/v1"}}}, "judges.llm.base_url", "https://"),
        ({"judges": {"llm": CHAT | {"base_url": "http://host:0/v1"}}}, "judges.llm.base_url", "https://"),
        ({"judges": {"llm": CHAT | {"base_url": "http://[::1/v1"}}}, "judges.llm.base_url", "https://"),
        ({"judges": {"llm": CHAT | {"base_url": "http://host/\nv1"}}}, "judges.llm.base_url", "https://"),
        ({"judges": {"llm": CHAT | {"temperature": 1e-300}}}, "judges.llm.temperature", "0 or a number ≥ 0.01"),
        ({"judges": {"llm": CHAT | {"budget": 1e300}}}, "judges.llm.budget", "≤"),
        ({"judges": {"llm": CHAT | {"key_variable": "KEY\n"}}}, "judges.llm.key_variable", "OPENAI_API_KEY"),
        ({"evaluation_sets": {"single": {"prompts": 10**12}}}, "evaluation_sets.single.prompts", "≤ 1000000"),
        ({"evaluation_sets": {"single": {"prompts": 101}}}, "evaluation_sets.single.prompts", "≤ 100 is expected"),
        ({"data": {"train": {"prompts": 3629}}}, "data.train.prompts", "≤ 3628 is expected"),
        ({"data": {"corpus": 2}}, "data.corpus", "≥ 100"),
        ({"data": {"corpus": 10**12}}, "data.corpus", "≤"),
        ({"data": {"train": {"source": "a\0b.jsonl"}}}, "data.train.source", "without control characters"),
        ({"data": {"train": {"source": "a/" * 2500 + "b.jsonl"}}}, "data.train.source", "at most 1000"),
        ({"data": {"train": {"source": "x" * 900 + ".jsonl"}}}, "data.train.source", "File name too long"),
        ({"base": {"vocabulary": 10**12}}, "base.vocabulary", "≤ 1000000"),
        ({"base": {"max_length": 16}}, "base.max_length", "≥ 64"),
        ({"base": {"path": "x" * 900}}, "base.path", "does not exist"),
        ({"base": {"path": "a\nb"}}, "base.path", "without control characters"),
        ({"base": {"gguf": "a\nb.gguf"}}, "base.gguf", "without control characters"),
        ({"base": {"gguf": "x" * 900}}, "base.gguf", "cannot be read (File name too long); a GGUF file"),
        ({"base": {"package": "x; touch y"}}, "base.package", "the name of a Python package"),
        (
            {"judges": {"own": {"kind": "reward", "dead_band": 0.0, "model": {"path": "x" * 900}}}},
            "judges.own.model.path", "does not exist",
        ),
        ({"base": {"hub": HUB | {"id": "`touch x`"}}}, "base.hub.id", "organisation/name"),
        ({"base": {"hub": HUB | {"id": "../../etc"}}}, "base.hub.id", "organisation/name"),
        ({"base": {"hub": HUB | {"revision": "a" * 40 + "\n"}}}, "base.hub.revision", "40 digits"),
        (
            {"data": {"train": {"source": {"hub": "a/b", "revision": "a" * 40, "file": "../x.jsonl"}}}},
            "data.train.source.file", "inside the data set",
        ),
        ({"base": {"positions": 160}}, "base.max_length", "192 found, but the base has 160 positions"),
        ({"generation": {"max_new_tokens": 512}}, "generation.max_new_tokens", "the base has 512 positions"),
        ({"reward": {"layers": 3}}, "reward.layers", "3 found, but the base has 2 layers"),
        ({"expert": {"layers": 3}}, "expert.layers", "3 found, but the base has 2 layers"),
        ({"controllers": {"mope": {"start": "base", "layers": 3}}}, "controllers.mope.layers", "has 2 layers"),
        ({"controllers": {"mope": {"start": "embeddings", "hidden": 256}}}, "controllers.mope.hidden", "128 columns"),
        (
            {"controllers": {"mope": {"prompts_per_step": 4801}}},
            "controllers.mope.prompts_per_step", "≤ 4800 is expected: all training prompts",
        ),
        ({"controller": {"hub": HUB}}, "controller.hub", "the base is trained here; a base of your own"),
        ({"expert": {"prompts_per_step": 601}}, "expert.prompts_per_step", "≤ 600 (data.train.prompts)"),
        ({"reward": {"max_length": 16}}, "reward.max_length", "≥ 64"),
        ({"reward": {"max_length": 112}}, "reward.max_length", "> 112 (candidates.max_new_tokens)"),
        ({"reward": {"held_out": 0.0001}}, "reward.held_out", "at least 1 prompt"),
        ({"feedback": {"pairs": 50_000}}, "feedback.pairs", "≤ 39600 is expected"),
        ({"feedback": {"source": "a\nb"}}, "feedback.source", "without control characters"),
        ({"candidates": {"temperature": 1e-300}}, "candidates.temperature", "0 or a number ≥ 0.01"),
        ({"generation": {"temperature": 1e300}}, "generation.temperature", "≤ 100"),
        ({"expert": {"temperature": 1e-300}}, "expert.temperature", "≥ 0.01"),
        ({"controller": {"temperature": 1e300}}, "controller.temperature", "≤ 100"),
        ({"jobs": {"memory": 1e300}}, "jobs.memory", "≤ 1000"),
        ({"jobs": {"runtime": 1e-300}}, "jobs.runtime", "≥ 0.01"),
        ({"seed": 2**40}, "seed", "≤ 4294967295"),
        ({"seed": nested(20)}, "seed", "a whole number"),
        (
            {"policies": {"mine": {"objective": "general", "settings": {"micro_batch": 5}}}},
            "policies.mine.settings.micro_batch", "a divisor of 32",
        ),
        (
            {"devices": {"expert": 16}, "policies": {"x": {"objective": "general", "settings": {"generations": 3}}}},
            "devices.expert", "the batch of policies.x.settings",
        ),
        (
            {"devices": {"controller": 4}, "controllers": {"wide": {"prompts_per_step": 3}}},
            "devices.controller", "≤ 3 (controllers.wide.prompts_per_step)",
        ),
        ({"human_study": {"ratings": "x\0"}}, "human_study.ratings", "without control characters"),
        ({"human_study": {"ratings": "config.yaml"}}, "human_study.ratings", "no file"),
    ],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_nonsense_is_refused(folder: Path, tmp_path: Path, changes: dict, key: str, right: str) -> None:
    message = problem(folder, tmp_path / "mine.yaml", changes)
    assert f": {key}: " in message and right in message


def test_the_defaults_and_their_edges_are_accepted(folder: Path) -> None:
    edges = {"generation": {"temperature": 0}, "candidates": {"temperature": 0.01}, "judges": {"llm": CHAT}}
    edges |= {
        "evaluation_sets": {"single": {"prompts": 100}},
        "devices": {"controller": 24},
        "preferences": ["P1A", "P2A"],
    }
    assert load_config(folder, edges)["preferences"] == ["P1A", "P2A"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff\xfes\0e\0e\0d\0:\0 \0001\0", None),
        (b"\xef\xbb\xbfseed: 1\n", None),
        (b"seed: \0", "line 1: a NUL character"),
        (b"run: mine\nseed: caf\xe9", "line 2: is not UTF-8"),
        (b"a: " + b"[" * 5000, "nested too deeply"),
        (b"a: " + b"{a: " * 30_000, "nested too deeply"),
        (b"seed: " + b"9" * 5000, "line 1: '9999"),
        (b"seed: 0x" + b"f" * 20_000, "line 1: a number of more than 64 bits"),
        (b"run: 2024-13-45", "line 1: '2024-13-45' cannot be read as timestamp"),
        (b"seed: !!int ''", "line 1: '' cannot be read as int"),
        (b"a: &a [*a]", "line 1: an alias stands for itself"),
        (b"run: *b", "line 1: found undefined alias"),
        (b"a: &a [1]\n" + BOMB, "entries, aliases followed"),
        (b'run: "\\ud800"', "line 1: '\\ud800' is no valid Unicode"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_files_that_are_no_configuration(folder: Path, tmp_path: Path, text: bytes, said: str | None) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(text)
    if said is None:
        assert load_config(folder, files=[file])["seed"] == 1
        return
    with pytest.raises(MopeError) as caught:
        load_config(folder, files=[file])
    assert str(caught.value).startswith(f"{file}: ") and said in str(caught.value)


def test_places_that_are_no_files(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for path in (tmp_path, tmp_path / "loop.yaml", tmp_path / ("x" * 5000), Path("a\0b.yaml"), Path("/dev/zero")):
        with pytest.raises(MopeError, match="a YAML file is expected"):
            load_config(folder, files=[path])


VALID = """\
seed: 3
preferences: [P1A, P1B, P2A, P3A]
evaluation_sets: {single: {prompts: 4}, comparison: null}
data: {train: {source: world, prompts: 24}, corpus: 400}
base: {vocabulary: 512, hidden: 32, layers: 1, heads: 2, learning_rate: 1.0e-3}
feedback: {source: world, pairs: 20, margin: 0.5}
controller: {seeds: [0], hidden: 32, weights: null, combinations: null}
controllers: {mope: {}, half: {combinations: [P1A-P2A-P3A, P1B-P2A-P3A]}}
policies: {rlhf: {objective: general, settings: {steps: 3}}}
methods: {soup_sum: null, rlhf: {kind: policy, policy: rlhf, prompt: none}, mod: {weights: [0.5, 0.3, 0.2]}}
judges:
  llm: {kind: chat, base_url: "http://localhost:1/v1", model: m, key_variable: K, temperature: 0.0, seed: 0,
    max_tokens: 8, max_characters: 400, price_input: 1.0, price_output: 1.0, budget: 1.0,
    concurrency: 4, timeout: 6.0, attempts: 5}
human_study: {methods: [mope, mod], pairs: 8, ratings: null}
"""
VALUES = [
    None, True, -1, 0, 1, 0.5, 10**12, 2**62, 1e300, 1e-300, float("nan"), float("inf"), "", " ", "x", "x" * 5000,
    "a\n", "\0", "\x1b[0m", "../..", "$(x)", "{a}", "world", "P1A", [], {}, [[]], [None], [1, 1.0], ["P1A"], [{}, {}],
    nested(50), {"source": "world"}, {"kind": "mix"}, {"mope": None}, {"": {}}, {"a\n": {}},
    {"hub": "a", "revision": "b", "file": "c"},
]  # fmt: skip


def outcome(folder: Path, changes: dict, files: list[Path]) -> bool:
    """Whether a configuration is accepted; if not, then in one line."""
    try:
        json.dumps(load_config(folder, changes, files))
    except MopeError as error:
        assert str(error).isprintable() and len(str(error)) <= 2000
        return False
    return True


def test_damaged_configuration_files(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(VALID)
    assert outcome(folder, {}, [file])
    accepted = 0
    for content in mutations([VALID.encode()], 500, seed=11):
        file.write_bytes(content)
        accepted += outcome(folder, {}, [file])
    assert 5 < accepted < 400


def test_values_of_every_other_kind(folder: Path) -> None:
    """On the command line, where values within a mapping come as text."""
    rng, whole = random.Random(12), yaml.safe_load((folder / "config.yaml").read_text()) | yaml.safe_load(VALID)
    accepted = 0
    for _ in range(500):
        keys, section = [], whole
        while isinstance(section, dict) and section and rng.random() < 0.85:
            keys.append(rng.choice(list(section)))
            section = section[keys[-1]]
        value = rng.choice([*VALUES, *(snippet.decode("utf-8", "surrogateescape") for snippet in SNIPPETS)])
        changes: object = value
        for key in reversed(keys):
            changes = {key: changes}
        accepted += outcome(folder, changes if isinstance(changes, dict) else {"seed": changes}, [])
    assert 5 < accepted < 400

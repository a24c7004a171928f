"""What the Snakefile asks of `mope.dag`: names, options and inputs, without Snakemake."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.config.load import load_config
from mope.dag.figures import read_figures
from mope.dag.jobs import any_of, job_name, training_job
from mope.dag.model_files import RunModels
from mope.dag.options import model_options, named
from mope.dag.paths import literal, named_by_user
from mope.dag.prompt_sets import Prompts
from mope.dag.results import Results
from mope.dag.shared_jobs import Shards
from mope.dag.stage_settings import as_json, without
from mope.errors import MopeError
from mope.preferences import load_preferences
from mope.provenance.code import closure


@pytest.fixture
def config(root: Path) -> dict:
    return load_config(root)


@pytest.fixture
def models(root: Path, config: dict) -> RunModels:
    return RunModels(config, load_preferences(root / "workflow/prompts/preferences.yaml", config["preferences"]))


def test_the_snakefile_is_parsed_without_heavy_modules(root: Path) -> None:
    """Each job of a cluster parses it again."""
    imports = re.findall(r"^from mope.*", (root / "workflow/rules/common.smk").read_text(), re.MULTILINE)
    program = "\n".join([*imports, "import sys", "print(*{name.split('.')[0] for name in sys.modules})"])
    environment = {"PYTHONPATH": str(root / "workflow"), "PATH": "/usr/bin:/bin"}
    outcome = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(outcome.stdout.split())
    assert "mope" in loaded and len(imports) > 10
    assert not loaded & {"torch", "transformers", "pandas", "numpy", "pyarrow", "scipy", "matplotlib"}


def test_no_script_depends_on_the_workflow(root: Path) -> None:
    for script in (root / "workflow/scripts").glob("*.py"):
        assert not [file for file in closure(script) if "mope/dag/" in file.as_posix()], script


@given(st.lists(st.text(min_size=1), max_size=5), st.text())
def test_any_of_matches_the_names_and_nothing_else(names: list[str], other: str) -> None:
    assert all(re.fullmatch(any_of(names), name) for name in names)
    assert bool(re.fullmatch(any_of(names), other)) == (other in names)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("results/x/base", "rule"),
        ("results/x/data/{set}.parquet", "rule.{set}"),
        ("results/x/controller/{controller}/seed{seed}", "rule.{controller}.seed{seed}"),
        ("results/x/judgments/{set}/{judge}/a--b.parquet", "rule.{set}.{judge}"),
        ("results/x/shards/judge.{judge}.{set}.{shard}", "rule.{judge}.{set}.{shard}"),
        ("results/x/download/{set}.{suffix}", "rule.{set}.{suffix}"),
    ],
)
def test_jobs_are_named_by_the_parts_of_their_output(output: str, name: str) -> None:
    assert job_name("rule", output) == name


def test_a_training_asks_for_what_its_devices_need(config: dict) -> None:
    config |= {"devices": {"expert": 3}, "jobs": {"memory": 2.0, "runtime": 0.5}, "checkpoint": {"minutes": 4}}
    asked = training_job(config, "expert", minutes=100)
    memory = asked.pop("mem_mb")
    assert [memory(None, attempt) for attempt in (1, 2, 3)] == [24000, 48000, 72000]
    assert asked == {"runtime": 50, "checkpoint_minutes": 4, "launch": "python -m mope.runtime.launch 3"}
    assert training_job(config, "base", minutes=100)["launch"] == "python"


def test_settings_are_the_sections_without_what_is_left_out() -> None:
    text = as_json(without({"a": 1, "b": {"{c}": 2}}, "a"), seed=3)
    assert json.loads(text) == {"b": {"{c}": 2}, "seed": 3}


@given(st.dictionaries(st.text(), st.text()))
def test_named_options_keep_every_word_whole(values: dict[str, str]) -> None:
    words = named("--out", values.items())
    assert words[::2] == ["--out"] * len(values)
    assert words[1::2] == [f"{name}={value}" for name, value in values.items()]


def test_models_are_named_by_preference_or_seed() -> None:
    inputs = {"experts": ["r/expert/P1A", "r/expert/seed its"], "controllers": ["r/controller/mope/seed4"], "base": "r"}
    words = ["--experts", "P1A=r/expert/P1A", "--experts", "seed its=r/expert/seed its"]
    assert model_options({}, inputs) == [*words, "--controllers", "4=r/controller/mope/seed4"]


def test_prompts_come_from_the_world_a_file_or_the_hub(config: dict) -> None:
    hub = {"hub": "a/b", "revision": "0" * 40, "file": "data/x.parquet"}
    own = {"source": "my {file}'s.jsonl", "prompts": 3}
    config["evaluation_sets"] = {"single": {"source": "world", "prompts": 2}, "own": own, "hub": own | {"source": hub}}
    prompts, world = Prompts(config, ["w.yaml"]), {"set": "single"}
    assert prompts.read_from(world) == ["w.yaml"] and prompts.training(world) == []
    assert prompts.options(world, {"prompts": "w.yaml", "train": []}) == ["--world", config["world"]]
    assert prompts.read_from({"set": "own"}) == "my {file}'s.jsonl"
    assert prompts.read_from({"set": "hub"}) == "<artifacts>/download/hub.parquet"
    read = {"prompts": "p", "train": prompts.training({"set": "own"})}
    assert prompts.options({"set": "own"}, read) == ["--file", "p", "--train", "<artifacts>/data/train.parquet"]
    assert json.loads(prompts.settings({"set": "own"}))["draw"] == "first"
    assert json.loads(prompts.settings({"set": "hub"}))["draw"] == "random"


def test_a_method_needs_the_models_of_its_kind(models: RunModels) -> None:
    assert models.of_method({"method": "vanilla"}) == {}
    assert models.of_method({"method": "mope"}) == {
        "controllers": [f"<artifacts>/controller/mope/seed{seed}" for seed in (0, 1, 2)],
        "experts": [f"<artifacts>/expert/{i}" for i in models.preferences.ids],
    }
    assert models.of_method({"method": "expert_best"}).keys() == {"experts", "rewards", "reference"}


def test_a_controller_trained_on_some_combinations_needs_their_experts_only(models: RunModels) -> None:
    models.config["controllers"]["some"] = {"combinations": ["P1A-P2A-P3B"], "pretraining": 0, "reference": "prompted"}
    found = models.of_controller({"controller": "some"})
    assert [Path(path).name for path in found["experts"]] == ["P1A", "P2A", "P3B"]
    assert found["reference"] == "<artifacts>/reference/prompted/train.parquet"
    assert found["start"] == [] and models.controller_options({}, found | {"start": []})[:2] == [
        "--experts",
        "P1A=<artifacts>/expert/P1A",
    ]


def test_a_path_of_ones_own_takes_the_place_of_a_hub(models: RunModels) -> None:
    models.config["controller"] |= {"hub": {"id": "Some/Model", "revision": "abcdef0123" * 4}}
    models.config["controllers"] |= {"own": {"path": "my model"}}
    assert models.start("own") == "my model"
    assert models.start("mope") == "<artifacts>/download/some--model-abcdef01"
    assert list(models.on_hub()) == ["some--model-abcdef01"]


def test_all_pairs_are_judged_by_every_judge_on_every_set(models: RunModels) -> None:
    models.config["judges"] = {"a": {"kind": "rubric"}, "b": {"kind": "chat"}}
    results = Results(models.config, models, read_figures(), "preferences.yaml")
    assert len(results.judgments()) == 2 * 2 * len(results.compared())
    assert results.judgments()[: len(results.compared())] == results.verdicts("single", "a")
    assert results.judges("judge_text", "judge_chat") == ["a", "b"] and results.judges("judge_reward") == []
    assert results.scores()[0] == "<artifacts>/scores/single/vanilla.parquet"


def test_shards_write_below_a_folder_and_say_which_part_they_are(config: dict) -> None:
    inputs, wildcards = {"prompts": ["p", "q"]}, {"method": "mope", "shard": "1", "set": "single", "judge": "rubric"}
    whole = Shards(config)
    assert whole.options("responses")(wildcards) == []
    words = whole.generate_options(wildcards, inputs, {"responses": ["r", "s"]})
    assert words == ["--prompts", "single=p", "--prompts", "comparison=q", "--out", "single=r", "--out", "comparison=s"]
    shared = Shards(config | {"shards": {"responses": 3, "judging": 2}})
    assert shared.options("responses")(wildcards) == ["--shard", "1/3"]
    assert shared.options("responses")(wildcards | {"method": "expert_best", "shard": "0"}) == ["--shard", "0/1"]
    assert shared.parts("judging")(wildcards) == [f"<results>/shards/judge.rubric.single.{part}" for part in (0, 1)]
    words = shared.generate_options(wildcards, inputs, {"responses": "part"})
    assert words[-1] == "comparison=part/responses/comparison/mope.parquet"
    assert shared.judgment_folder(wildcards, {"verdicts": "part"}) == "part/judgments/single/rubric"


@pytest.mark.parametrize("path", ["my {draft}.jsonl", "<results>/x", "{set}", "{ a.b , x}"])
def test_what_snakemake_would_replace_in_a_path_is_refused(path: str, config: dict) -> None:
    for section, key in ((config["data"]["train"], "source"), (config["base"], "gguf")):
        section[key], before = path, section[key]
        with pytest.raises(MopeError, match=rf"\.{key}: .*place-holder"):
            [literal(value, name) for name, value in named_by_user(config)]
        section[key] = before


def test_a_path_that_begins_like_an_option_is_refused(config: dict) -> None:
    config["base"]["gguf"] = "-models/x.gguf"
    with pytest.raises(MopeError, match=r"^base\.gguf: .* option; \./-models/x\.gguf is expected"):
        [literal(value, key) for key, value in named_by_user(config)]


@pytest.mark.parametrize("path", ["it's a {", "}{", "{a b}", "a < b > c", "<Results>", "$(x) `y` \n", "{}"])
def test_other_paths_stay_as_they_are(path: str) -> None:
    assert literal(path, "key") == path

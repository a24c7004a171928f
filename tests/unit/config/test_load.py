"""Every shipped configuration is valid; bad input ends in one line: the key, what was found, what would be right."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from bare_model_folder import bare_model_folder
from configurations import copy_configurations

from mope.config.load import load_config
from mope.errors import MopeError

MIX = {"kind": "mix", "mixer": "controller", "prompt": "own"}
CHAT = {
    "kind": "chat", "base_url": "https://api.example.com/v1", "model": "m", "key_variable": "JUDGE_KEY",
    "temperature": 0.0, "seed": 0, "max_tokens": 8, "max_characters": 4000, "price_input": 1.0,
    "price_output": 1.0, "budget": 1.0, "concurrency": 4, "timeout": 60.0, "attempts": 5,
}  # fmt: skip
AT = {"base_url": "http://host:8000/v1", "model": "m"}
SIX = dict.fromkeys(("P1A", "P1B", "P2A", "P2B", "P3A", "P3B"), AT)
REMOTE = {"kind": "remote", "mixer": "logit", "prompt": "own", "endpoints": SIX}
WORLD = {"source": "world", "prompts": 5}
ELSEWHERE = {"source": {"hub": "a/b", "revision": "a" * 40, "file": "prompts.jsonl"}, "prompts": 5}

BAD_VALUES = [  # (overrides, the key named, what would be right)
    ({"sead": 7}, "sead", "did you mean seed?"),
    ({"controller": {"etaa": 1.0}}, "controller.etaa", "did you mean eta?"),
    ({"base": {"layer": 2}}, "base.layer", "did you mean layers?"),
    ({"evaluation_sets": {"single": {"prompt": 5}}}, "evaluation_sets.single.prompt", "did you mean prompts?"),
    ({"methods": {"uniform": {"strength": 1.0}}}, "methods.uniform.strength", "arithmetic"),
    ({"methods": {"soup_exact": {"average": "sum"}}}, "methods.soup_exact.strength", "missing"),
    ({"methods": {"vanilla": {"mixer": "logit"}}}, "methods.vanilla.mixer", "one of kind, prompt"),
    ({"methods": {"far": REMOTE | {"endpoints": {"P1A": AT}}}}, "methods.far.endpoints", "P1B is missing"),
    (
        {"methods": {"far": REMOTE | {"mixer": "arithmetic", "strength": 1.0}}},
        "methods.far.endpoints",
        "base is missing",
    ),
    ({"methods": {"far": REMOTE | {"mixer": "controller"}}}, "methods.far.controller", "missing"),
    ({"methods": {"far": REMOTE | {"key": "sk-1"}}}, "methods.far.key", "one of kind, prompt, mixer, endpoints"),
    ({"methods": {"mope": REMOTE | {"mixer": "controller", "controller": "mope"}}}, "methods.mope", "kind: mix"),
    ({"world": "evryday"}, "world", "one of everyday, replication, replication_formal (did you mean everyday?)"),
    ({"world": 7}, "world", "text"),
    ({"seed": "seven"}, "seed", "a whole number"),
    ({"seed": 7.0}, "seed", "a whole number"),
    ({"seed": True}, "seed", "a whole number"),
    ({"seed": -1}, "seed", "≥ 0"),
    ({"run": "My Run"}, "run", "lower-case letters"),
    ({"base": None}, "base", "a mapping"),
    ({"preferences": "P1A"}, "preferences", "a list"),
    ({"expert": {"learning_rate": "1e-3"}}, "expert.learning_rate", "1.0e-3"),
    ({"expert": {"learning_rate": 0}}, "expert.learning_rate", "≥ 1e-12"),
    ({"expert": {"generations": 1}}, "expert.generations", "≥ 2"),
    ({"expert": {"prefix_share": 1.5}}, "expert.prefix_share", "≤ 1"),
    ({"controller": {"pretraining": -1}}, "controller.pretraining", "≥ 0"),
    (
        {"policies": {"p": {"objective": "general", "settings": {"prefix_share": 0.1}}}},
        "policies.p.settings.prefix_share",
        "only experts",
    ),
    ({"expert": {"begun": 0.5}}, "expert.begun", "renamed; prefix_share is expected"),
    ({"data": {"obedience": 0.25}}, "data.obedience", "renamed; follow_rate is expected"),
    ({"feedback": {"noise": 0.5}}, "feedback.noise", "< 0.5"),
    ({"reward": {"min_accuracy": 85}}, "reward.min_accuracy", "≤ 1"),
    ({"reward": {"held_out": 0.0}}, "reward.held_out", "> 0"),
    ({"generation": {"top_p": 0}}, "generation.top_p", "> 0"),
    ({"generation": {"temperature": float("nan")}}, "generation.temperature", "a finite number"),
    ({"generation": {"min_new_tokens": 500}}, "generation.min_new_tokens", "a number ≤"),
    ({"base": {"hidden": 130}}, "base.hidden", "multiple"),
    ({"expert": {"micro_batch": 5}}, "expert.micro_batch", "a divisor of 32"),
    ({"devices": {"expert": 3}}, "devices.expert", "a divisor of 32"),
    ({"devices": {"reward": 32}}, "devices.reward", "a divisor of 16"),
    ({"devices": {"reward": 4}, "reward": {"micro_batch": 3}}, "reward.micro_batch", "a divisor of 4"),
    ({"devices": {"controller": 25}}, "devices.controller", "a number ≤ 24"),
    ({"devices": {"base": 2}}, "devices.base", "one of reward, expert, controller"),
    ({"shards": {"responses": 0}}, "shards.responses", "≥ 1"),
    ({"shards": {"judging": 51}}, "shards.judging", "a number ≤ 50"),
    ({"controller": {"reward": "BT"}}, "controller.reward", "one of bt, raw"),
    ({"controller": {"seeds": []}}, "controller.seeds", "at least 1"),
    ({"controller": {"seeds": [0, 0]}}, "controller.seeds", "once"),
    ({"controller": {"seeds": [0, "one"]}}, "controller.seeds[1]", "a whole number"),
    ({"preferences": ["P1A", "P1C"]}, "preferences[1]", "did you mean P"),
    ({"preferences": ["P1A", "P1A"]}, "preferences", "once"),
    ({"preferences": []}, "preferences", "at least 1"),
    ({"methods": {"mope": {"mixer": "logits"}}}, "methods.mope.mixer", "did you mean logit?"),
    (
        {"methods": {"mope": {"kind": "mixture"}}},
        "methods.mope.kind",
        "one of base, soup, sparse_soup, guided, arrow, mix, expert, best_of, policy, remote",
    ),
    ({"methods": {"mine": {"prompt": "own"}}}, "methods.mine.kind", "missing"),
    ({"methods": {"mine": MIX}}, "methods.mine.controller", "missing"),
    ({"methods": {"mine": {**MIX, "controller": "mopee"}}}, "methods.mine.controller", "mope"),
    ({"methods": {"mod": {"strength": 1.0}}}, "methods.mod.strength", "expected with mixer: arithmetic only"),
    ({"methods": {"uniform": {"controller": "mope"}}}, "methods.uniform.controller", "mixer: controller or logit only"),
    ({"methods": {"soup_exact": {"strength": 1.0}}}, "methods.soup_exact.strength", "needless; a soup has this key"),
    (
        {"methods": {"mine": {"kind": "soup", "average": "sum", "prompt": "all"}}},
        "methods.mine.strength",
        "missing; a soup has this key if and only if it has average: sum",
    ),
    ({"methods": {"my--method": {"kind": "base", "prompt": "all"}}}, "methods", "lower-case letters"),
    ({"methods": {"soup_exact": {"average": "mean"}}}, "methods.soup_exact.average", "one of factor, exact"),
    ({"methods": {"mope": None}}, "methods.mope", "missing"),
    ({"methods": {"mope": {"mixer": "uniform", "controller": None}}}, "methods.mope", "controller"),
    ({"statistics": {"named": ["promting"]}}, "statistics.named[0]", "did you mean prompting?"),
    ({"statistics": {"named": ["mope"]}}, "statistics.named[0]", "another method"),
    ({"judges": {"llm": {"kind": "gpt"}}}, "judges.llm.kind", "one of truth, rubric, open_text, chat, reward"),
    ({"judges": {"llm": {**CHAT, "bugdet": 1.0}}}, "judges.llm.bugdet", "did you mean budget?"),
    ({"judges": {"llm": {"kind": "chat"}}}, "judges.llm.base_url", "missing"),
    ({"judges": {"llm": {**CHAT, "base_url": "api.example.com"}}}, "judges.llm.base_url", "https://"),
    ({"judges": {"llm": {**CHAT, "base_url": "https://me:pass@host/v1"}}}, "judges.llm.base_url", "key_variable"),
    ({"judges": {"llm": {**CHAT, "base_url": "https://host/v1?key=abc"}}}, "judges.llm.base_url", "key_variable"),
    ({"judges": {"llm": {**CHAT, "key_variable": "sk-1234"}}}, "judges.llm.key_variable", "OPENAI_API_KEY"),
    ({"judges": {"truth": None, "rubric": None}}, "judges", "at least 1 entry"),
    ({"judges": {"reward": CHAT}}, "judges.reward", "another name"),
    ({"evaluation_sets": {"mine": ELSEWHERE}}, "judges.truth", "`judges: {truth: null}` and a judge of another kind"),
    ({"judges": {"other": {"kind": "reward", "run": "laptop", "dead_band": 0.0}}}, "judges.other.run", "another run"),
    ({"judges": {"other": {"kind": "reward", "run": "held_out", "dead_band": 0.0}}}, "judges.other.run", "seed=8"),
    ({"human_study": {"methods": ["mope"]}}, "human_study.methods", "at least 2"),
    ({"human_study": {"methods": ["mope", "soup"]}}, "human_study.methods[1]", "soup_"),
    ({"human_study": {"ratings": "no/such/folder"}}, "human_study.ratings", "no file"),
    ({"evaluation_sets": {"train": WORLD}}, "evaluation_sets.train", "another name"),
    ({"evaluation_sets": {"singel": WORLD}}, "evaluation_sets.singel", "did you mean single?"),
    ({"evaluation_sets": {"single": {"prompts": 0}}}, "evaluation_sets.single.prompts", "≥ 1"),
    ({"evaluation_sets": {"single": {"source": ""}}}, "evaluation_sets.single.source", "empty; a text is expected"),
    ({"evaluation_sets": {"single": {"source": "no/such.jsonl"}}}, "evaluation_sets.single.source", "file of prompts"),
    ({"base": {"path": "no/such/folder"}}, "base.path", "does not exist"),
    ({"base": {"path": "workflow"}}, "base.path", "config.json"),
    (
        {"base": {"path": "config.yaml"}},
        "base.path",
        "config.yaml is a file; a folder with a model, or null, is expected",
    ),
    ({"base": {"path": ""}}, "base.path", "empty; a text is expected"),
    ({"base": {"hub": {"id": "org/model", "revision": "main"}}}, "base.hub.revision", "40 digits of a commit"),
    ({"base": {"hub": {"id": "org/model"}}}, "base.hub.revision", "missing"),
    ({"base": {"hub": {"id": "a/b", "revision": "a" * 40}, "path": "workflow"}}, "base.hub", "one of path, hub"),
    ({"base": {"gguf": "config.yaml", "path": "workflow"}}, "base.gguf", "path workflow is given too"),
    ({"base": {"gguf": "no/such.gguf"}}, "base.gguf", "a GGUF file is expected"),
    ({"base": {"gguf": "workflow"}}, "base.gguf", "is a folder"),
    ({"base": {"gguf": "config.yaml"}}, "base.gguf", "begins with b'GGUF'"),
    ({"base": {"package": "no-such-package"}}, "base.package", "pip install no-such-package"),
    ({"base": {"sha256": "a" * 64}}, "base.sha256", "needless"),
    ({"base": {"sha256": "A" * 64}}, "base.sha256", "64 lower-case hexadecimal digits"),
    ({"controller": {"path": "no/such/folder"}}, "controller.path", "does not exist"),
    ({"feedback": {"source": "no/such/folder"}}, "feedback.source", "one file P1A.jsonl"),
    (
        {"data": {"train": {"source": {"hub": "a/b", "revision": "a" * 40, "file": "a.txt"}}}},
        "data.train.source.file",
        "ends in .jsonl",
    ),
    ({"experiment": "smokee"}, "experiment", "one of"),
]

GRADED = {"controllers": {"graded": {"weights": [[0.5, 0.3, 0.2]]}}}
BAD_VALUES += [
    ({"controllers": {"half": {"combinations": ["P1A-P2A-P3C"]}}}, "controllers.half.combinations", "one of P1A-P2A"),
    ({"controllers": {"half": {"combinations": ["P1A-P2A-P3A"]}}}, "controllers.half.combinations", "scores: texts"),
    ({"controllers": {"graded": {"weights": [[0.7, 0.2]]}}}, "controllers.graded.weights", "one weight each"),
    ({"controllers": {"graded": {"weights": [[0.7, 0.2, 0.2]]}}}, "controllers.graded.weights", "together 1"),
    ({"controllers": {"mope": {"reads": "none", "weights": [[0.7, 0.2, 0.1]]}}}, "controllers.mope.weights", "text"),
    ({"controllers": {"wide": {"hidden": 130}}}, "controllers.wide.hidden", "multiple"),
    ({"controllers": {"mope": {"reads": "combination", "scores": "texts"}}}, "controllers.mope.scores", "outputs"),
    ({"controllers": {"mope": {"reads": "embedding", "scores": "texts"}}}, "controllers.mope.scores", "outputs"),
    ({"benchmark": {"rounds": 5}}, "benchmark.rounds", "≥ 6"),
    (
        {"controllers": {"graded": {"reward": "worst", "weights": [[0.7, 0.2, 0.1]]}}},
        "controllers.graded.weights",
        "needless",
    ),
    ({"controllers": {"mope": {"reward": "best"}}}, "controllers.mope.reward", "worst"),
    ({"methods": {"mine": {"kind": "guided", "prompt": "all", "strength": 1.0}}}, "methods.mine", "top_k"),
    ({**GRADED, "methods": {"mine": {**MIX, "controller": "graded"}}}, "methods.mine.weights", "missing"),
    ({"methods": {"mope": {"weights": [0.7, 0.2, 0.1]}}}, "methods.mope.weights", "needless"),
    ({"controllers": {"mope": {"space": "logit"}}}, "methods.mope.mixer", "trained in logit space; logit is expected"),
    ({"artifacts": "../laptop"}, "artifacts", "../laptop"),
    ({"methods": {"mod": {"weights": [0.7, 0.2]}}}, "methods.mod.weights", "one weight each"),
    ({"methods": {"vanilla": {"weights": [0.7, 0.2, 0.1]}}}, "methods.vanilla.weights", "reads no weights"),
    ({"methods": {"soup_sum": {"weights": [0.7, 0.2]}}}, "methods.soup_sum.weights", "one weight each"),
    ({"methods": {"expert_best": {"weights": [0.7, 0.2, 0.1]}}}, "methods.expert_best.weights", "unknown key"),
    ({"fronts": {"step": 0.3}}, "fronts.step", "0.3 found, 1 divided by a whole number is expected"),
    ({"fronts": {"step": 0.01, "methods": ["mod"]}}, "fronts.step", "which makes 5151 points of 3 dimensions"),
    ({"fronts": {"combinations": ["P1A-P2A"]}}, "fronts.combinations[0]", "one of P1A-P2A-P3A"),
    ({"fronts": {"methods": ["mod", "mood"]}}, "fronts.methods[1]", "'mood' is no method"),
    ({"fronts": {"methods": ["expert_best"]}}, "fronts.methods[0]", "a row of kind expert takes no weights"),
    ({"fronts": {"methods": ["vanilla"]}}, "fronts.methods[0]", "reads no weights"),
    ({"fronts": {"methods": ["mope"]}}, "fronts.methods[0]", "controller mope was not trained with weights"),
    (
        {"preferences": ["P1A", "P1B"], "fronts": {"methods": ["mod"]}},
        "fronts.methods",
        "of one dimension have no weights",
    ),
    ({"methods": {"expert_best": {"expert": "P1C"}}}, "methods.expert_best.expert", "one of best, P1A"),
    ({"methods": {"mine": {"kind": "policy", "policy": "x", "prompt": "all"}}}, "methods.mine.policy", "no policy"),
    ({"methods": {"mine": {"kind": "best_of", "n": 0, "prompt": "all"}}}, "methods.mine.n", "≥ 1"),
    ({"methods": {"mod": {"temperature": 1.0}}}, "methods.mod.against", "kept out of the averages"),
    ({"methods": {"mod": {"temperature": 0.001, "against": ["mope"]}}}, "methods.mod.temperature", "0 or a number ≥"),
    ({"methods": {"mod": {"temperature": -1, "against": ["mope"]}}}, "methods.mod.temperature", "≥ 0"),
    ({"methods": {"mope": {"temperature": 1.0}}}, "methods.mope", "kept out of the averages"),
    ({"methods": {"mod": {"against": ["mop"]}}}, "methods.mod.against[0]", "did you mean mope?"),
    ({"methods": {"mope": {"against": ["mod"]}}}, "methods.mope", "compared with all others"),
    ({"judges": {"reward_models": {"kind": "rubric", "dead_band": 0.1}}}, "judges.reward_models", "another name"),
    ({"policies": {"mine": {"objective": "generel"}}}, "policies.mine.objective", "did you mean general?"),
    ({"policies": {"mine": {"settings": {}}}}, "policies.mine.objective", "missing"),
    ({"policies": {"mine": {"objective": "general", "setting": {}}}}, "policies.mine.setting", "settings?"),
    (
        {"policies": {"mine": {"objective": "general", "settings": {"step": 3}}}},
        "policies.mine.settings.step",
        "steps?",
    ),
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
    ("", "empty", "at least one record"),
    ("\n  \n", "empty", "at least one record"),
    ('{"prompt": "a"}\n{"prompt": \n', "line 2", "is expected"),
    ('{"prompt": "a"}\n"b"\n', "line 2", "not a JSON object"),
    ('{"text": "a"}\n', "line 1: text found", "a key `prompt` or `instruction` is expected"),
    ('{"id": "1"}\n', "line 1", "no prompt"),
    ('{"prompt": 7}\n', "line 1", "a list of messages"),
    ('{"prompt": " "}\n', "line 1", "text that is not empty"),
    ('{"id": "x", "prompt": "a"}\n{"prompt_id": "x", "prompt": "b"}\n', "line 2: prompt id 'x'", "once"),
    ('{"prompt": "a"}\n', "holds 1 prompts", "2 found"),
]


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of the project that a configuration is checked against."""
    return copy_configurations(root, tmp_path_factory.mktemp("config"))


def write_feedback(folder: Path, preferences: tuple[str, ...], pairs: int) -> None:
    """So many pairs of each preference in the folder."""
    for name in preferences:
        records = [{"prompt": f"Why {i // 2}?", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(pairs)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


def problem(folder: Path, command_line: dict | None = None, files: list[Path] | None = None) -> str:
    """The message of the error that loading ends with: always one line."""
    with pytest.raises(MopeError) as caught:
        load_config(folder, command_line, files or [])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_experiments_are_valid(root: Path) -> None:
    assert load_config(root)["run"] == "laptop"
    for file in (root / "workflow/experiments").glob("*.yaml"):
        if file.stem != "paper":
            there = file.stem != "smollm2-second-judge"  # it needs another run
            config = load_config(root, {"experiment": file.stem}, present=there)
            assert config["run"] == file.stem.replace("-", "_")


def test_the_papers_experiment_is_valid_once_the_users_own_files_are_there(folder: Path, tmp_path: Path) -> None:
    assert "evaluation_sets.koala.source" in problem(folder, {"experiment": "paper"})
    koala = tmp_path / "koala_test_set.jsonl"
    koala.write_text("".join(json.dumps({"id": f"koala_{i}", "prompt": f"Why {i}?"}) + "\n" for i in range(50)))
    own: dict = {"experiment": "paper", "evaluation_sets": {"koala": {"source": str(koala)}}}
    assert "feedback.source: feedback/paper: 0 files of P1A" in problem(folder, own).replace(f"{folder}/", "")
    write_feedback(tmp_path, ("P1A", "P1B", "P2A", "P2B", "P3A", "P3B"), 10_000)
    config = load_config(folder, own | {"feedback": {"source": str(tmp_path)}})
    assert config["base"]["hub"]["id"] == "allenai/tulu-2-7b"


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


def test_a_preference_of_ones_own_needs_all_that_the_embedded_world_cannot_give(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    file = tmp_path / "copy/workflow/prompts/preferences.yaml"
    known = yaml.safe_load(file.read_text())
    known["dimensions"]["style"].append("P3E")
    known["names"]["P3E"], known["texts"]["P3E"] = "terse", "Generate a response in telegram style."
    file.write_text(yaml.safe_dump(known))
    bare_model_folder(tmp_path / "copy/model")
    templates = tmp_path / "copy/workflow/prompts/judge"
    shutil.copy(templates / "P3A.yaml", templates / "P3E.yaml")
    write_feedback(tmp_path / "copy", ("P1A", "P1B", "P2A", "P2B", "P3E"), 5600)
    overrides: dict = {"preferences": ["P1A", "P1B", "P2A", "P2B", "P3E"]}
    for key, change in (
        ("base.path", {"base": {"path": "model"}}),
        ("feedback.source", {"feedback": {"source": "."}}),
        ("controller.pretraining", {"controller": {"pretraining": 0}}),
        ("judges.truth", {"judges": {"truth": None, "rubric": None, "llm": CHAT}}),
    ):
        message = problem(tmp_path / "copy", overrides)
        knower = "a judge of kind truth" if key == "judges.truth" else "the embedded world everyday"
        assert f"{key}: {knower} does not know preference P3E" in message and "expected" in message
        overrides |= change
    assert load_config(tmp_path / "copy", overrides)["preferences"][-1] == "P3E"


def test_a_preference_is_known_in_some_worlds_only(folder: Path, tmp_path: Path) -> None:
    formal = {"preferences": ["P1A", "P2A", "P3A", "P4A", "P4B"], "judges": {"rubric": None}}
    assert "base.path: the embedded world everyday does not know preference P4A" in problem(folder, formal)
    assert load_config(folder, formal | {"world": "replication_formal"})["preferences"][-1] == "P4B"
    shutil.copytree(folder, tmp_path / "copy")
    bare_model_folder(tmp_path / "copy/model")
    write_feedback(tmp_path / "copy", formal["preferences"], 5600)
    own = {"base": {"path": "model"}, "feedback": {"source": "."}, "controller": {"pretraining": 0}}
    message = problem(tmp_path / "copy", formal | own)
    assert "judges.truth: a judge of kind truth does not know preference P4A" in message


def test_a_good_prompt_file_is_accepted(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in ("Why?", "How?")))
    changes = {"feedback": {"pairs": 20}, "reward": {"held_out": 0.5}, "expert": {"prompts_per_step": 2}}
    changes["controller"] = {"prompts_per_step": 2}
    config = load_config(folder, {"data": {"train": {"source": str(file), "prompts": 2}}, **changes})
    assert config["data"]["train"]["source"] == str(file)


def test_null_leaves_a_method_out(folder: Path) -> None:
    assert "vanilla" in load_config(folder)["methods"]
    assert "vanilla" not in load_config(folder, {"methods": {"vanilla": None}})["methods"]


def test_a_key_written_where_its_name_belongs_is_not_repeated(folder: Path) -> None:
    assert "sk-1234" not in problem(folder, {"judges": {"llm": {**CHAT, "key_variable": "sk-1234"}}})


def test_the_first_judge_is_the_one_that_stays_first(folder: Path) -> None:
    assert list(load_config(folder, {"judges": {"llm": CHAT}})["judges"]) == ["truth", "rubric", "llm"]
    assert list(load_config(folder, {"judges": {"truth": None, "rubric": None, "llm": CHAT}})["judges"]) == ["llm"]


def test_open_text_knows_its_six_preferences(folder: Path) -> None:
    judge = {"judges": {"truth": None, "rubric": None, "text": {"kind": "open_text", "dead_band": 0.05}}}
    chosen = {"feedback": {"source": "open_text", "margin": 0.1}, **judge}
    assert load_config(folder, chosen)["feedback"]["source"] == "open_text"
    unknown = {"preferences": ["P1A", "P2A", "P3C"]}
    assert "feedback.source: the annotator of open text does not know preference P3C" in problem(
        folder, chosen | unknown
    )
    assert "judges.text: a judge of kind open_text does not know preference P3C" in problem(folder, judge | unknown)
    assert "dead_band: missing" in problem(folder, {"judges": {"text": {"kind": "open_text"}}})

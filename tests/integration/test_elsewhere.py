"""Another folder of work, where results and the user's paths belong; names that mean something to a shell."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from bare_model_folder import bare_model_folder

SOURCE, WORK = 'the source\'s "tree" $(touch run)', "a user's `folder` of work; \\ more"
OWN = "prompts' $(touch run) `touch run`.jsonl"
SMALL = {
    "run": "mine",
    "data": {"train": {"source": OWN, "prompts": 4}, "corpus": 100},
    "evaluation_sets": {"single": {"prompts": 2}, "comparison": None},
    "expert": {"prompts_per_step": 2},
    "feedback": {"pairs": 100},
}
JOBS = ["results/mine/data/corpus.parquet", "results/mine/data/train.parquet", "results/mine/data/single.parquet"]
RECORDER = 'python() { printf \'%s\\0\' "$@" > "$RECORDED"; }\n'  # a function of bash takes the interpreter's place


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, copy_project: Callable) -> Iterator[Path]:
    """A copy of the project, read-only and with an odd name."""
    folder = tmp_path_factory.mktemp("elsewhere") / SOURCE
    folder.mkdir()
    copy_project(folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with prompts and a configuration."""
    folder = tmp_path_factory.mktemp("work") / WORK
    folder.mkdir()
    lines = [json.dumps({"id": f"p{i}", "prompt": f"What is {i}?"}) + "\n" for i in range(6)]
    (folder / OWN).write_text("".join(lines))
    (folder / "mine.yaml").write_text(yaml.safe_dump(SMALL))
    return folder


def snakemake(source: Path, work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Snakemake in a third folder, with the local profile of the source."""
    profile = ["--workflow-profile", str(source / "workflow/profiles/local"), "--cores", "1"]
    command = [sys.executable, "-m", "snakemake", "-s", str(source / "Snakefile"), "--directory", str(work), *profile]
    environment = os.environ | {"PYTHONPATH": str(source / "workflow"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*command, *arguments], cwd=work.parent, env=environment, capture_output=True, text=True, timeout=240
    )


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_a_dry_run_of_everything(source: Path, work: Path) -> None:
    before = files(source)
    outcome = snakemake(source, work, "--dry-run")
    assert outcome.returncode == 0, outcome.stderr
    assert "write_manifest" in outcome.stdout + outcome.stderr
    assert files(source) == before
    assert not (work / "results").exists()


def test_the_first_jobs_write_to_the_folder_of_work_only(source: Path, work: Path) -> None:
    before = files(source)
    outcome = snakemake(source, work, "--configfile", str(work / "mine.yaml"), "--", *JOBS)
    assert outcome.returncode == 0, outcome.stderr
    assert files(source) == before
    assert {path.name for path in work.iterdir()} == {OWN, "mine.yaml", "results", ".snakemake"}
    logs = {path.stem for path in (work / "results/mine/logs").iterdir()}
    assert logs == {"take_preferences", "write_corpus", "prepare_prompts.train", "prepare_prompts.single"}
    assert logs == {path.stem for path in (work / "results/mine/timings").iterdir()}
    inputs = json.loads((work / "results/mine/data/train.parquet.meta.json").read_text())["inputs"]
    assert list(inputs) == [OWN]
    inputs = json.loads((work / "results/mine/data/corpus.parquet.meta.json").read_text())["inputs"]
    assert list(inputs) == ["results/mine/preferences.yaml"]


def test_a_second_start_has_nothing_to_do(source: Path, work: Path) -> None:
    outcome = snakemake(source, work, "--configfile", str(work / "mine.yaml"), "--", *JOBS)
    assert outcome.returncode == 0, outcome.stderr
    assert "Nothing to be done" in outcome.stderr + outcome.stdout


IDS = ("first_1", "E2x", "c3", "u")  # an id is part of file names, and refused where it is more than letters and digits
STATED = ("it's $(touch run)", "`touch run`; x", 'a "b" & c', "*")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, copy_project: Callable) -> Path:
    """A project in which everything that a user may name has a name that a shell would take for something else."""
    folder = copy_project(tmp_path_factory.mktemp("hostile"))
    names, file = [*IDS], folder / "workflow/prompts/preferences.yaml"
    poles = {"first": names[:2], "second": names[2:3], "third": names[3:]}
    own = {"dimensions": poles, "names": dict(zip(names, STATED)), "texts": dict(zip(names, STATED))}
    file.write_text(yaml.safe_dump(own, sort_keys=False))
    pairs = folder / "pairs $(touch run)'s"
    pairs.mkdir()
    for name in names:
        (folder / f"workflow/prompts/judge/{name}.yaml").write_text("criterion: x\nexamples: []\n")
        lines = [json.dumps({"prompt": f"a {i}", "chosen": "b", "rejected": "c"}) + "\n" for i in range(20)]
        (pairs / f"{name}.jsonl").write_text("".join(lines))
    for model in ("base `touch run`", "llama; touch run"):
        bare_model_folder(folder / model)
    for prompts in (OWN, f"test {OWN}"):
        lines = [json.dumps({"id": f"{prompts}{i}", "prompt": f"{prompts} {i}?"}) + "\n" for i in range(4)]
        (folder / prompts).write_text("".join(lines))
    chat = yaml.safe_load((folder / "workflow/experiments/paper.yaml").read_text())["judges"]["gpt"]
    config = {
        "preferences": names,
        "evaluation_sets": {"single": None, "comparison": None, "test": {"source": f"test {OWN}", "prompts": 3}},
        "data": {"train": {"source": OWN, "prompts": 4}},
        "base": {"path": "base `touch run`", "pad_token": "<pad> $(touch run) {seed}"},
        "expert": {"prompts_per_step": 2},
        "controller": {"path": "llama; touch run", "pretraining": 0, "prompts_per_step": 2},
        "feedback": {"source": pairs.name, "pairs": 20},
        "judges": {"truth": None, "rubric": None, "llm": chat | {"model": "m $(touch run) {judge} 'x'"}},
    }
    (folder / "hostile.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def commands(hostile: Path, snakemake: Callable, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The words that each job's script is given by bash."""
    outcome = snakemake(hostile, "--dry-run", "--printshellcmds", "--configfile", "hostile.yaml")
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    lines = (outcome.stdout + outcome.stderr).splitlines()
    shown = [line.removeprefix("Shell command: ") for line in lines if re.match(r"Shell command: .* > \S", line)]
    assert len(shown) > 50
    folder = tmp_path_factory.mktemp("bash")
    given = []
    for command in shown:
        recorded = folder / "words"
        log = Path(shlex.split(command)[-2])
        (folder / log.parent).mkdir(parents=True, exist_ok=True)
        environment = {"PATH": "/usr/bin:/bin", "RECORDED": str(recorded)}
        subprocess.run(["bash", "-c", RECORDER + command], cwd=folder, env=environment, check=True, timeout=300)
        given.append(recorded.read_text().split("\0")[:-1])
        assert (folder / log).is_file()
        recorded.unlink()
    assert {path.name for path in folder.iterdir()} == {"results"}, "a name has run a command"
    return given


def options(commands: list[list[str]], script: str, option: str) -> set[str]:
    """What the jobs of a script are given as an option of one value."""
    jobs = [words for words in commands if words[0].endswith(f"/{script}.py")]
    return {words[i + 1] for words in jobs for i, word in enumerate(words) if word == option}


def test_paths_and_preferences_reach_scripts_as_they_are(commands: list[list[str]]) -> None:
    assert options(commands, "import_base", "--path") == {"base `touch run`"}
    assert options(commands, "import_base", "--controllers") == {"llama; touch run"}
    assert options(commands, "train_controller", "--start") == {"llama; touch run"}
    assert options(commands, "prepare_prompts", "--file") == {OWN, f"test {OWN}"}
    assert options(commands, "read_feedback", "--file") == {f"pairs $(touch run)'s/{name}.jsonl" for name in IDS}
    assert options(commands, "train_expert", "--preference") == set(IDS)
    assert options(commands, "generate", "--experts") == {f"{name}=results/laptop/expert/{name}" for name in IDS}


def test_settings_reach_scripts_as_they_are(commands: list[list[str]]) -> None:
    (pad,) = options(commands, "import_base", "--settings")
    assert json.loads(pad) == {"pad_token": "<pad> $(touch run) {seed}", "grown": False}
    (judge,) = options(commands, "judge_chat", "--settings")
    assert json.loads(judge)["model"] == "m $(touch run) {judge} 'x'"
    for settings in options(commands, "generate", "--settings"):
        assert json.loads(settings)["preferences"] == list(IDS)


def test_a_name_that_snakemake_would_replace_is_refused(hostile: Path, snakemake: Callable) -> None:
    config = yaml.safe_load((hostile / "hostile.yaml").read_text())
    (hostile / "my {draft}").symlink_to("base `touch run`")
    (hostile / "braces.yaml").write_text(yaml.safe_dump(config | {"base": {"path": "my {draft}"}}))
    outcome = snakemake(hostile, "--dry-run", "--configfile", "braces.yaml")
    assert outcome.returncode != 0
    assert outcome.stderr.startswith("error: base.path: 'my {draft}' found; {draft} is a place-holder")
    assert outcome.stderr.count("\n") == 1

"""The rules: what each states, what it gets by default, and that no name that a user gives reaches a shell unquoted."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.utils import format as filled

from mope.dag.results import AGGREGATE_TABLES, HUMAN_TABLES

ORDER = ("input", "output", "priority", "conda", "threads", "resources", "params", "shell")
BEFORE_TRAINING = ("download_model", "download_prompts", "prepare_prompts")  # they show what cannot be used
NAMED = ("input", "output", "params")
AROUND = ("log", "benchmark", "conda", "threads", "resources")  # what is about the job, not about the stage
LAUNCH = "{resources.launch}"  # several words: the only place-holder without quotes, made of a number alone
HOSTILE = [
    *("a b", "$(touch run)", "`touch run`", "it's", '"x"', "{input}", "{", "}}", "{params.script:q}", "new\nline", "*"),
    *("; touch run", "& touch run", "| cat", "> run", "~", "\\", "#", "!x", "$HOME", "-n", "<results>", "é", "' \" `"),
]


@pytest.fixture(scope="module")
def rules(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """The rules by name, as Snakemake has read them."""
    out = tmp_path_factory.mktemp("rules") / "rules.json"
    command = [sys.executable, root / "tests/helpers/rules_of.py", out]
    library = {"PYTHONPATH": "workflow", "PATH": "/usr/bin:/bin", "HOME": str(out.parent)}
    outcome = subprocess.run(command, cwd=root, env=library, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return {rule["name"]: rule for rule in json.loads(out.read_text())}


def texts(root: Path) -> list[tuple[str, str]]:
    """Of each rule the stage whose code it digests, and its text."""
    files = "\n".join(file.read_text() for file in sorted((root / "workflow/rules").glob("*.smk")))
    blocks = re.split(r"^ *rule\b", files, flags=re.MULTILINE)[1:]
    bodies = [re.match(r".*\n(?:(?: +.*)?\n)*", block)[0] for block in blocks]
    return [(re.search(r'stage\(f?"([\w{}]+)"', body).group(1), body) for body in bodies]


def lines_by_directive(body: str) -> dict[str, int]:
    """How many lines each directive of a rule takes, its own line among them."""
    found: dict[str, int] = {}
    current, depth = "rule", len(re.search(r"\n( +)", body)[1])
    for line in body.splitlines():
        directive = re.match(rf" {{{depth}}}(\w+):", line)
        current = directive[1] if directive else current
        found[current] = found.get(current, 0) + bool(line.strip())
    return found


def test_what_is_about_the_job_is_at_most_a_quarter_of_the_lines(root: Path) -> None:
    counted = [lines_by_directive(body) for _, body in texts(root)]
    assert len(counted) > 30
    assert all({"output", "conda", "shell"} <= found.keys() for found in counted)
    around = sum(found.get(directive, 0) for found in counted for directive in AROUND)
    assert around <= sum(sum(found.values()) for found in counted) / 4


def test_rules_state_their_directives_in_one_order_and_by_name(root: Path) -> None:
    for stage, body in texts(root):
        found = [name for name in lines_by_directive(body) if name in ORDER]
        assert found == [name for name in ORDER if name in found], stage
        assert set(found) >= {"output", "conda", "params", "shell"}, stage
        for directive in set(NAMED) & set(found):
            first = re.search(rf"^ +{directive}:\n +(.*)", body, re.MULTILINE)[1]
            assert re.match(r"\w+=|unpack\(|\*\*", first), f"{stage}: {directive}"


def test_each_rule_runs_the_script_whose_code_it_digests(rules: dict) -> None:
    for name, rule in rules.items():
        network = "HF_HUB_OFFLINE=0 " if name.startswith("download_") else ""
        program = LAUNCH if "launch" in rule["resources"] and LAUNCH in rule["shell"] else "python"
        assert rule["shell"].startswith(f"{network}{program} {{params.script:q}} "), name
        assert rule["shell"].endswith(" > {log:q} 2>&1"), name


def test_every_job_has_a_log_a_timing_and_an_environment(rules: dict) -> None:
    for name, rule in rules.items():
        ((log,), timing) = rule["log"], rule["benchmark"]
        assert log.startswith(f"results/laptop/logs/{name}."), name
        assert timing == log.replace("/logs/", "/timings/").removesuffix(".log") + ".tsv"
        assert set(re.findall(r"\{(\w+)", log)) == set(re.findall(r"\{(\w+)", rule["output"][0])), name
        assert rule["conda"].endswith((".yaml",)), name


def test_rules_that_run_models_ask_for_memory_and_time(rules: dict) -> None:
    asking = {name for name, rule in rules.items() if {"mem_mb", "runtime"} <= set(rule["resources"])}
    assert {"train_base", "train_expert", "generate", "score", "sample_alphas", "benchmark_decoding"} <= asking
    assert not asking & {"aggregate", "claims", "overview", "write_manifest", "write_corpus"}


def test_what_may_not_be_there_is_fetched_before_anything_is_trained(rules: dict) -> None:
    fetched = {name: rule["priority"] for name, rule in rules.items() if name in BEFORE_TRAINING}
    others = [rule["priority"] for name, rule in rules.items() if name not in fetched]
    assert set(fetched) == set(BEFORE_TRAINING) and min(fetched.values()) > max(others)


class Anything:
    """A namespace in which every name stands for the hostile names."""

    def __getattr__(self, name: str) -> list[str]:
        return HOSTILE


def placeholders(shell: str) -> list[str]:
    return re.findall(r"\{[^}]*\}", shell)


def test_every_placeholder_is_quoted(rules: dict) -> None:
    for name, rule in rules.items():
        assert [p for p in placeholders(rule["shell"]) if not p.endswith(":q}") and p != LAUNCH] == [], name


def test_commands_hand_exactly_the_names_to_their_scripts(rules: dict, tmp_path: Path) -> None:
    """Every command, filled with hostile names, through bash, with a `python` that writes its words down."""
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    python.chmod(0o755)
    folder = tmp_path / "work"
    folder.mkdir()
    log = 'it\'s a $(touch run) `x` {log}\n"log"'
    for name, rule in rules.items():
        shell = rule["shell"].replace(LAUNCH, "python")
        names = dict.fromkeys(("input", "output", "params", "wildcards", "resources"), Anything())
        command = "set -euo pipefail; " + filled(shell, log=log, **names)
        environment = {"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": "/nowhere"}
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert [path.name for path in folder.iterdir()] == [log], name
        words = shell.removeprefix("HF_HUB_OFFLINE=0 ").removeprefix("python ").removesuffix(" > {log:q} 2>&1").split()
        expected = [given for word in words for given in (HOSTILE if word.startswith("{") else [word])]
        assert (folder / log).read_text().split("\0")[:-1] == expected, name
        (folder / log).unlink()


def test_the_report_has_a_caption_for_every_table_and_no_other(root: Path) -> None:
    rules = "".join(file.read_text() for file in (root / "workflow/rules").glob("*.smk"))
    tables = {*re.findall(r'\btable\("(\w+)"\)', rules), *AGGREGATE_TABLES, *HUMAN_TABLES}
    named = set(re.findall(r"report/(\w+)\.rst", rules + (root / "Snakefile").read_text()))
    captions = {file.stem: file.read_text().strip() for file in (root / "workflow/report").glob("*.rst")}
    assert len(tables) > 20 and set(captions) == tables | named
    assert all(captions.values())

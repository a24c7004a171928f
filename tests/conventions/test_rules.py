"""Every rule states everything: inputs, outputs, log, benchmark, environment, threads, resources, parameters."""

import re
from pathlib import Path

from mope.analysis.aggregate import TABLES

NAMED = ("input", "output", "resources", "params")
DIRECTIVES = ("input", "output", "log", "benchmark", "conda", "threads", "resources", "params", "shell")


def rules(root: Path) -> list[tuple[str, str]]:
    """Of each rule the stage whose code it digests, and its text."""
    texts = "\n".join(file.read_text() for file in sorted((root / "workflow/rules").glob("*.smk")))
    blocks = re.split(r"^ *rule\b", texts, flags=re.MULTILINE)[1:]
    return [(re.search(r'code\("(\w+)"', block).group(1), block) for block in blocks]


def test_every_rule_states_everything(root: Path) -> None:
    for stage, text in rules(root):
        found = [name for name in DIRECTIVES if re.search(rf"^ +{name}:", text, re.MULTILINE)]
        assert found == [name for name in DIRECTIVES if name in found], f"{stage}: order"
        assert set(found) >= set(DIRECTIVES) - ({"input"} if stage.startswith("download_") else set()), stage


def test_inputs_outputs_and_resources_are_named(root: Path) -> None:
    for stage, text in rules(root):
        for directive in ("output", "resources", "params") if stage.startswith("download_") else NAMED:
            body = re.search(rf"^( +){directive}:\n((?:\1 +.*\n)+)", text, re.MULTILINE).group(2)
            first = body.splitlines()[0].strip()
            assert re.match(r"\w+=|unpack\(", first), f"{stage}: {directive}"
        assert "mem_mb=" in text, stage
        assert "runtime=" in text, stage


def test_each_rule_runs_the_script_whose_code_it_digests(root: Path) -> None:
    for stage, text in rules(root):
        network = "HF_HUB_OFFLINE=0 " if stage.startswith("download_") else ""
        program = re.search(r'"([^"]*?) workflow/scripts/', text).group(1)
        assert program.removeprefix(network) in ("python", "{resources.launch}"), stage
        assert f'"{program} workflow/scripts/{stage}.py ' in text
        assert text.count("> {log} 2>&1") == 1, stage


def test_every_table_has_a_caption_for_the_report(root: Path) -> None:
    for name in TABLES:
        assert (root / "workflow/report" / name).with_suffix(".rst").read_text().strip(), name

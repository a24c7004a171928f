"""Makes a run of placeholder files that Snakemake takes for finished, and reads what a dry run would do."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

ALWAYS_LAST = {"all", "write_manifest"}


def finish(project: Path, snakemake: Callable) -> None:
    """Make a placeholder for every missing output, and let Snakemake record parameters and code of all of them."""
    summary = snakemake(project, "--summary")
    assert summary.returncode == 0, summary.stderr
    for line in summary.stdout.splitlines()[1:]:
        output = project / line.split("\t")[0]
        if not output.exists():
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(line) if output.suffix else output.mkdir()
    touched = snakemake(project, "--cores", "1", "--touch", "--forceall", "--quiet", "all")
    assert touched.returncode == 0, touched.stderr


def planned(outcome: CompletedProcess[str]) -> Counter:
    """Jobs per rule of a dry run."""
    assert outcome.returncode == 0, outcome.stderr
    if "Nothing to be done" in outcome.stderr + outcome.stdout:
        return Counter()
    table = (outcome.stderr + outcome.stdout).rsplit("Job stats:", 1)[1].split("total")[0]
    return Counter({rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)})


def planned_jobs(outcome: CompletedProcess[str]) -> set[str]:
    """The jobs of a dry run, each as its rule and wildcards: "plot figure=variants"."""
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    found = re.split(r"^(?:local)?rule (\w+):$", outcome.stdout + outcome.stderr, flags=re.MULTILINE)[1:]
    wildcards = [re.search(r"^    wildcards: (.*)$", text, re.MULTILINE) for text in found[1::2]]
    return {f"{rule} {match[1]}" if match else rule for rule, match in zip(found[::2], wildcards, strict=True)}

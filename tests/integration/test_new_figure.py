"""docs/howto/new_figure.md, followed to the letter in a copy of the project whose run is finished."""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from finished_run import ALWAYS_LAST, finish, planned

FIGURES = "workflow/mope/report/figures"


@pytest.fixture(scope="module")
def blocks(root: Path) -> list[str]:
    """The code of the page: the module, its import, its line in the table, and the command."""
    text = (root / "docs/howto/new_figure.md").read_text()
    found = re.findall(r"^```\w+\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(found) == 4
    return found


@pytest.fixture(scope="module")
def followed(project: Path, root: Path, snakemake: Callable, blocks: list[str]) -> Path:
    """A finished run, whose table of rewards is a real one, and then what the page says."""
    tables = project / "results/laptop/tables"
    tables.mkdir(parents=True)
    for file in (root / "results/reference/tables").glob("mean_rewards.csv*"):
        shutil.copy(file, tables)
    finish(project, snakemake)
    assert planned(snakemake(project, "--dry-run")) == Counter()
    module, imported, line, _ = blocks
    (project / FIGURES / "reward_bars.py").write_text(module)
    table = project / FIGURES / "table.py"
    text = table.read_text()
    head, entries = text.split("FIGURES = {\n")
    assert entries.endswith("}\n")
    table.write_text(head + imported + "FIGURES = {\n" + entries.removesuffix("}\n") + line + "}\n")
    return project


def test_only_the_new_figure_is_drawn(followed: Path, snakemake: Callable) -> None:
    jobs = planned(snakemake(followed, "--dry-run"))
    assert {rule: count for rule, count in jobs.items() if rule not in ALWAYS_LAST} == {"plot": 1}


def test_the_command_of_the_page_draws_it(followed: Path, snakemake: Callable, blocks: list[str]) -> None:
    program, *arguments = blocks[3].split()
    assert program == ".venv/bin/snakemake"
    outcome = snakemake(followed, *arguments)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    svg = (followed / arguments[-1]).read_text()
    assert "Soup (exact)" in svg and "mean reward" in svg and (followed / arguments[-1]).with_suffix(".png").exists()


def test_a_change_of_the_new_figure_draws_no_other(followed: Path, snakemake: Callable) -> None:
    assert planned(snakemake(followed, "--dry-run")).keys() <= ALWAYS_LAST
    module = followed / FIGURES / "reward_bars.py"
    module.write_text(module.read_text().replace("COLOURS[0]", "COLOURS[1]"))
    jobs = planned(snakemake(followed, "--dry-run"))
    assert {rule: count for rule, count in jobs.items() if rule not in ALWAYS_LAST} == {"plot": 1}


def test_the_report_holds_it_with_its_caption(followed: Path, snakemake: Callable) -> None:
    outcome = snakemake(followed, "--report", "report.html")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    page = (followed / "report.html").read_text()
    assert "Mean Bradley-Terry reward of every method on the first evaluation set." in page
    assert "11 reward bars" in page and "01 win rate matrix" in page


def test_a_source_that_nobody_makes_is_named(followed: Path, snakemake: Callable) -> None:
    module = followed / FIGURES / "reward_bars.py"
    module.write_text(module.read_text().replace('("mean_rewards",)', '("mean_reward",)'))
    outcome = snakemake(followed, "--dry-run")
    assert outcome.returncode != 0
    assert "figure reward_bars: source 'mean_reward' is not one of" in outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr

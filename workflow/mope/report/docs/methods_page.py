"""docs/methods.md: descriptions of the rows are written by hand, their lines of configuration are filled in here."""

import re
from collections.abc import Iterable, Iterator

import pandas as pd
import yaml

from mope.errors import MopeError
from mope.report.docs.markdown import markdown_table
from mope.report.docs.reference_runs import ReferenceRun

SWEEP = "sweep"  # how the names of runs on development prompts end, by whose rewards settings were chosen
ROW = re.compile(r"^\| `(\w+)` \|(.*)\|[^|]*\|$", re.MULTILINE)


def described_methods(page: str) -> list[str]:
    """The methods that the page's tables describe, in order."""
    return [found[1] for found in ROW.finditer(page)]


def with_lines(page: str, methods: dict[str, dict[str, list[str]]]) -> str:
    """The page with the last cell of every row filled: each line of configuration of the method, and where it stands.

    `methods`: name -> line of configuration -> the experiments that have it, "" for config.yaml. A method that has no
    row is left out. `MopeError` for a row whose method no experiment has.
    """
    for name in described_methods(page):
        if name not in methods:
            raise MopeError(f"docs/methods.md: `{name}`: no experiment has this method; a method of one is expected")
    return ROW.sub(lambda row: f"| `{row[1]}` |{row[2]}| {'<br>'.join(_lines(methods[row[1]]))} |", page)


def _lines(found: dict[str, list[str]]) -> Iterator[str]:
    """The first line bare; further ones with the experiments that have them."""
    for number, (line, experiments) in enumerate(found.items()):
        yield f"`{line}`" + (f" in {', '.join(f'`{name}`' for name in experiments)}" if number else "")


def chosen_settings(runs: list[ReferenceRun]) -> str:
    """Mean reward on development prompts of each row of a sweep that has other settings, and of the best of these.

    The settings of row `x` are the rows named `x_...`, but for those that have settings of their own.
    """
    sweeps = [run for run in runs if run.name.endswith(SWEEP) and "mean_rewards" in run.tables]
    if not sweeps:
        return "The sweep's rewards are not in this reference."
    lines = [[run.name, *row] for run in sweeps for row in _settings_of(run.tables["mean_rewards"])]
    return markdown_table(["run", "row", "mean reward", "other settings", "best of these", "its mean reward"], lines)


def _settings_of(mean_rewards: pd.DataFrame) -> list[list[str]]:
    rewards = mean_rewards.groupby("method", sort=False).bt_reward.mean()
    belongs = {name: _row_of(name, rewards.index) for name in rewards.index}
    rows = []
    for method, reward in rewards.items():
        others = rewards[[name for name in belongs if belongs[name] == method and name not in belongs.values()]]
        if len(others):
            best = f"`{others.idxmax()}`"
            rows.append([f"`{method}`", f"{reward:.3f}", str(len(others)), best, f"{others.max():.3f}"])
    return rows


def _row_of(name: str, rows: Iterable[str]) -> str | None:
    """The row whose setting `name` is: the one with the longest name that it begins with."""
    return max((row for row in rows if name.startswith(f"{row}_")), key=len, default=None)


def one_line(method: dict) -> str:
    """A method's entry as it stands in a configuration file."""
    text = yaml.safe_dump(method, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)
    return text.strip()

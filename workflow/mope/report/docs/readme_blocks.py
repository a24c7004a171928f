"""The numbers of README.md: the blocks between `<!-- NAME -->` and `<!-- end NAME -->`, from `results/reference`."""

import json
import re
from pathlib import Path

from mope.errors import MopeError
from mope.judging.judge_kinds import REWARD_MODELS
from mope.report.docs.costs_page import work_and_wall
from mope.report.docs.markdown import listed
from mope.report.docs.reference_runs import TESTS, ReferenceRun
from mope.report.docs.results_page import headlines
from mope.report.docs.short_verdict import short_verdict
from mope.report.docs.win_rate_tables import average_table, interval_over, judges, of_judge


def readme_blocks(
    runs: list[ReferenceRun], reference: Path, names: dict[str, str], absent: list[str], default_judge: str
) -> dict[str, str]:
    """Markdown of every generated block, by its name.

    `absent` are runs without results here, `default_judge` is the first of config.yaml.
    """
    main, (shown, *_) = runs[0], headlines(runs)
    means = of_judge(shown.tables["average_win_rates"])
    return {
        "verdict": "\n".join(f"- {line}" for line in short_verdict(runs, headlines(runs), names)),
        "averages": f"Run `{shown.name}`. [ ]: 95 % intervals {interval_over(means)}.\n\n{average_table(means)}",
        "durations": durations(main, reference),
        "reference": reference_sentence(runs, absent, default_judge),
    }


def reference_sentence(runs: list[ReferenceRun], absent: list[str], default_judge: str) -> str:
    """Which runs and judges the reference results show, and that there are none of the runs `absent`."""
    averages = [run.tables["average_win_rates"] for run in runs if "average_win_rates" in run.tables]
    used = list(dict.fromkeys(judge for table in averages for judge in judges(table) if judge != REWARD_MODELS))
    text = f"The reference results are of the runs {listed([run.name for run in runs])}, judged by {listed(used)}"
    commits = {}
    for run in runs:
        commits.setdefault(run.commit, []).append(run.name)
    if len(commits) > 1:
        made = "; ".join(f"{listed(names)} of commit `{commit}`" for commit, names in commits.items() if commit)
        text += f". They were not all made by the same code, and their figures are not of the same models: {made}"
    if default_judge not in used:
        text += f"; those of the default judge, `{default_judge}`, are not in this reference"
    return text + (f". No results in this reference: runs {listed(absent)}." if absent else ".")


def durations(main: ReferenceRun, reference: Path) -> str:
    """How long `make results` and `make test` take, as far as the reference says so."""
    parts = []
    if main.timings is not None:
        parts.append(
            f"`make results`: {work_and_wall(main.timings)[1] / 60:.0f} minutes from the first job to the last."
        )
    if (reference / TESTS).is_file():
        tests = json.loads((reference / TESTS).read_text())
        parts.append(f"`make test`: {tests['seconds'] / 60:.0f} minutes for {tests['tests']:,} tests.")
    return " ".join(parts)


def fill(text: str, generated: dict[str, str], page: str = "README.md") -> str:
    """`text` with everything between `<!-- NAME -->` and `<!-- end NAME -->` replaced by the generated blocks.

    `MopeError` where a block is not on the page.
    """
    for name, block in generated.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n?<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise MopeError(f"{page}: no block <!-- {name} --> ... <!-- end {name} --> found; one is expected")
        text = pattern.sub(lambda found, b=block: f"{found[1]}{b}\n{found[2].lstrip()}", text)
    return text

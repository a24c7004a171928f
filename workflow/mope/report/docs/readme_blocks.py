"""The numbers of README.md: the blocks between `<!-- NAME -->` and `<!-- end NAME -->`, from `results/reference`."""

import json
import re
from pathlib import Path

from mope.errors import MopeError
from mope.report.docs.costs_page import work_and_wall
from mope.report.docs.reference_runs import TESTS, ReferenceRun
from mope.report.docs.results_page import verdict_lines
from mope.report.docs.win_rate_tables import average_table, of_judge


def readme_blocks(runs: list[ReferenceRun], reference: Path, names: dict[str, str]) -> dict[str, str]:
    """Markdown of every generated block, by its name."""
    main = runs[0]
    return {
        "verdict": "\n".join(f"- {line}" for line in verdict_lines(runs, names)),
        "averages": average_table(of_judge(main.tables["average_win_rates"])),
        "durations": durations(main, reference),
    }


def durations(main: ReferenceRun, reference: Path) -> str:
    """How long the two commands take."""
    parts = []
    if main.timings is not None:
        parts.append(
            f"`make results`: {work_and_wall(main.timings)[1] / 60:.0f} minutes from the first job to the last."
        )
    if (reference / TESTS).is_file():
        tests = json.loads((reference / TESTS).read_text())
        parts.append(f"`make test`: {tests['seconds'] / 60:.0f} minutes for {tests['tests']:,} tests.")
    return " ".join(parts)


def fill(text: str, generated: dict[str, str]) -> str:
    """`text` with everything between `<!-- NAME -->` and `<!-- end NAME -->` replaced by the generated blocks."""
    for name, block in generated.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n?<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise MopeError(f"README.md: no block <!-- {name} --> ... <!-- end {name} --> found")
        text = pattern.sub(lambda found, b=block: f"{found[1]}{b}\n{found[2].lstrip()}", text)
    return text

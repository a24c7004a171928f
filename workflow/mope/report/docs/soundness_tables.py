"""How sound answers of open text are, for pages."""

from collections.abc import Iterator

import pandas as pd

from mope.methods.names import FOCUS
from mope.report.docs.markdown import any_table, overall, percent_interval
from mope.report.docs.reference_runs import ReferenceRun

OF_SOUNDNESS = {"open_text_soundness"}
DIFFERENCE = "_difference"  # how the names of columns of differences to preference prompting end


def soundness_sections(run: ReferenceRun) -> Iterator[str]:
    """The table of all methods, where the run has it."""
    for name in OF_SOUNDNESS & run.tables.keys():
        table = overall(run.tables[name])
        yield "### Soundness of the answers"
        yield (
            "By the measures of judge `open_text`, preferences aside: `sound`, 1 less an answer's worst defect; "
            "`relevant`, from 0 where it is no nearer to the prompt than to unrelated sentences to 1; `finished`, the "
            "share that ends before the limit of tokens. Differences are to preference prompting."
        )
        yield soundness_sentence(table)
        yield any_table(table)


def soundness_sentence(table: pd.DataFrame) -> str:
    """MoPE's differences to preference prompting, in points, on every set; "" where there are none."""
    measures = [name.removesuffix(DIFFERENCE) for name in table.columns if name.endswith(DIFFERENCE)]
    rows = table[table.method == FOCUS]
    if rows.empty or not measures:
        return ""
    parts = [
        " and ".join(f"{name} {_points(row, name + DIFFERENCE)}" for name in measures) + f" on {row['set']}"
        for row in rows.to_dict("records")
    ]
    return f"Answers of `{FOCUS}` minus those of `prompting`, in points: {'; '.join(parts)}."


def _points(row: dict, key: str) -> str:
    return percent_interval(row[key], row[f"{key}_low"], row[f"{key}_high"])

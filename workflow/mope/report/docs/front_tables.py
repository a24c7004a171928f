"""Tables of a run that answered under graded preferences."""

from collections.abc import Iterator

import pandas as pd

from mope.report.docs.markdown import listed, markdown_table, overall
from mope.report.docs.reference_runs import ReferenceRun

OF_FRONTS = {"fronts"}
TITLES = {"hypervolume": "hypervolume", "mean_inner_product": "mean inner product"}


def front_sections(run: ReferenceRun) -> Iterator[str]:
    """Hypervolume and mean inner product of every method, and whom the first one leads."""
    if "fronts" not in run.tables:
        return
    yield "### Graded preferences"
    yield (
        "Each method at every weight of a grid of the dimensions, scored by the reward models (Bradley-Terry rewards, "
        "paper eq. 2): the hypervolume of its front above 0, and the mean over the weights w of w · r(w); means over "
        "the combinations answered. [ ] is a 95 % interval over prompts and over seeds of what was trained, ± the "
        "standard deviation between these seeds; in brackets the lead of the first method, paired."
    )
    table = overall(run.tables["fronts"])
    yield front_sentence(table)
    for name, own in table.groupby("set", sort=False):
        yield f"Fronts, {name}:"
        yield front_table(own)


def front_table(table: pd.DataFrame) -> str:
    """A row for each method, a column for each measure."""

    def cell(row) -> str:
        spread = "" if pd.isna(row.seed_std) else f" ± {row.seed_std:.3f}"
        lead = "" if pd.isna(row.lead) else f" ({row.lead:+.3f} [{row.lead_low:+.3f}, {row.lead_high:+.3f}])"
        return f"{row.value:.3f}{spread} [{row.ci_low:.3f}, {row.ci_high:.3f}]{lead}"

    measures = list(dict.fromkeys(table.measure))
    cells = {(row.method, row.measure): cell(row) for row in table.itertuples()}
    rows = [
        [f"`{method}`", *(cells[method, measure] for measure in measures)] for method in dict.fromkeys(table.method)
    ]
    return markdown_table(["method", *(TITLES[measure] for measure in measures)], rows)


def front_sentence(table: pd.DataFrame) -> str:
    """By each measure, which methods the first one leads by the whole interval, which lead it, and which neither."""
    parts = []
    first = table.method.iloc[0]
    for (name, measure), own in table[table.method != first].groupby(["set", "measure"], sort=False):
        below, above = own[own.lead_low > 0], own[own.lead_high < 0]
        rest = own.drop([*below.index, *above.index])
        kinds = {"above": below, "below": above, "undecided against": rest}
        said = ", ".join(f"{word} {listed(list(kind.method))}" for word, kind in kinds.items() if len(kind))
        parts.append(f"on {name} by {TITLES[measure]} {said}")
    return f"By the whole interval of its lead `{first}` is {'; '.join(parts)}."

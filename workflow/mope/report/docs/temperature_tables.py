"""Tables of a run whose methods were drawn at several temperatures."""

from collections.abc import Iterator

import pandas as pd

from mope.methods.names import FOCUS
from mope.report.docs.markdown import listed, markdown_table, rate_of_seeds
from mope.report.docs.reference_runs import ReferenceRun

OF_TEMPERATURES = {"temperatures", "temperature_win_rates"}


def temperature_sections(run: ReferenceRun) -> Iterator[str]:
    """Mean rewards of all methods by temperature, and MoPE against each of them at equal temperature."""
    if not run.tables.keys() >= OF_TEMPERATURES:
        return
    rewards, pairs = run.tables["temperatures"], run.tables["temperature_win_rates"]
    yield "### Temperatures"
    yield (
        "The mean Bradley-Terry reward by temperature, with 95 % intervals over prompts and over seeds of what was "
        "trained; in brackets behind it the change from the same method at the temperature of all other rows."
    )
    yield temperature_sentence(rewards)
    for name, table in rewards.groupby("set", sort=False):
        yield f"Mean reward by temperature, {name}:"
        yield rewards_by_temperature_table(table)
    for (judge, name), table in pairs.groupby(["judge", "set"], sort=False):
        yield f"Win rate of `{FOCUS}`, both at the same temperature, {name}, judge `{judge}`, % [95 %]:"
        yield pairs_by_temperature_table(table)


def pairs_sentence(pairs: pd.DataFrame) -> str:
    """Against how many methods MoPE's whole interval is above 50 % at the highest temperature, by the first judge."""
    first = pairs[pairs.judge == pairs.judge.iloc[0]]
    highest = first[first.temperature == first.temperature.max()]
    won = [
        f"{int((table.ci_low > 0.5).sum())} of {len(table)} methods on {name}"
        for name, table in highest.groupby("set", sort=False)
    ]
    drawn = f"All drawn at T = {highest.temperature.max():g}"
    return f"{drawn}, `{FOCUS}` wins by its whole interval against {', '.join(won)}."


def rewards_by_temperature_table(table: pd.DataFrame) -> str:
    """A row for each method, a column for each temperature."""

    def cell(row) -> str:
        text = f"{row.bt_reward:.3f} [{row.ci_low:.3f}, {row.ci_high:.3f}]"
        change = f"{row.change:+.3f} [{row.change_low:+.3f}, {row.change_high:+.3f}]"
        return text if row.row == row.method else f"{text} ({change})"

    return _by_temperature(table, "method", "method", cell)


def pairs_by_temperature_table(table: pd.DataFrame) -> str:
    """A row for each opponent, a column for each temperature."""
    return _by_temperature(table, "opponent", f"`{FOCUS}` against", lambda row: rate_of_seeds(row.win_rate, row))


def _by_temperature(table: pd.DataFrame, key: str, title: str, cell) -> str:
    """A row for each value of the column `key`, a column for each temperature; `cell` writes a row of `table`."""
    temperatures = sorted(table.temperature.unique())
    cells = {(getattr(row, key), row.temperature): cell(row) for row in table.itertuples()}
    rows = [[f"`{name}`", *(cells.get((name, t), "") for t in temperatures)] for name in dict.fromkeys(table[key])]
    return markdown_table([title, *(f"T = {t:g}" for t in temperatures)], rows)


def temperature_sentence(rewards: pd.DataFrame) -> str:
    """For how many methods rewards at the highest temperature are lower, or higher, than at that of all other rows."""
    parts = []
    for name, table in rewards.groupby("set", sort=False):
        highest = table[(table.temperature == table.temperature.max()) & (table.row != table.method)]
        below, above = highest[highest.change_high < 0], highest[highest.change_low > 0]
        text = f"on {name} lower by their whole interval for {len(below)} of {len(highest)} methods"
        if len(above):
            text += f", higher for {listed(list(above.method))}"
        if len(rest := highest.drop([*below.index, *above.index])):
            text += f", undecided for {listed(list(rest.method))}"
        parts.append(text)
    return f"At T = {rewards.temperature.max():g} mean rewards are {'; '.join(parts)}."

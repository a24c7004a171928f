"""Tables of win rates and rewards in Markdown, for any judges and evaluation sets."""

import pandas as pd

from mope.methods.names import FOCUS
from mope.report.docs.markdown import ALL_TOGETHER, listed, markdown_table, overall, rate_of_seeds
from mope.report.formats import percent


def judges(table: pd.DataFrame) -> list[str]:
    """The judges of a table of win rates; claims are decided by the first."""
    return list(dict.fromkeys(table["judge"]))


def of_judge(table: pd.DataFrame, judge: str | None = None) -> pd.DataFrame:
    """The rows of `judge`, by default the first."""
    return table[table["judge"] == (judge or judges(table)[0])]


def interval_over(table: pd.DataFrame) -> str:
    """What the intervals of a table are over; tables of earlier code have no column for prompts alone."""
    return "over prompts and these seeds" if "prompts_low" in table else "over prompts alone"


def average_table(table: pd.DataFrame) -> str:
    """Average pairwise win rate of every method on every set, best first on the first set; ± between its seeds."""
    sets = list(dict.fromkeys(table["set"]))
    first = table[table["set"] == sets[0]].sort_values("average_win_rate", ascending=False, kind="stable")
    rows = []
    for method in first.method:
        own = {row.set: row for row in table[table.method == method].itertuples()}
        cells = [rate_of_seeds(own[name].average_win_rate, own[name]) if name in own else "" for name in sets]
        tokens = " / ".join(f"{own[name].mean_tokens:.0f}" for name in sets if name in own)
        rows.append([f"`{method}`", *cells, tokens])
    return markdown_table(["method", *(f"{name}: average win rate, % [95 %]" for name in sets), "tokens"], rows)


def rivals_table(table: pd.DataFrame, focus: str = FOCUS) -> str:
    """One method against each other, all combinations and preferences together."""
    rows = overall(table[table.method == focus])
    sets, lines = list(dict.fromkeys(rows["set"])), []
    for opponent in dict.fromkeys(rows.opponent):
        own = {row.set: row for row in rows[rows.opponent == opponent].itertuples()}
        cells = []
        for name in sets:
            holm = f", p {p_value(own[name])}" if name in own and pd.notna(own[name].p_holm) else ""
            cells.append(rate_of_seeds(own[name].win_rate, own[name]) + holm if name in own else "")
        lines.append([f"`{opponent}`", *cells])
    return markdown_table([f"`{focus}` against", *(f"{name}, % [95 %]" for name in sets)], lines)


def p_value(row) -> str:
    """The corrected p-value of a row as text: with ≤ if it is only a bound, or if the row does not tell."""
    bound = getattr(row, "p_bound", None)
    return f"{'≤' if pd.isna(bound) or bound else '='} {row.p_holm:.2g}"


def preference_table(table: pd.DataFrame, evaluation_set: str, names: dict[str, str]) -> str:
    """Average win rates by preference, all combinations together, of one set."""
    rows = table[
        (table["set"] == evaluation_set) & (table.combination == ALL_TOGETHER) & (table.preference != ALL_TOGETHER)
    ]
    ids, cells = list(dict.fromkeys(rows.preference)), rows.set_index(["method", "preference"]).average_win_rate
    methods = list(dict.fromkeys(rows.method))
    lines = [[f"`{m}`", *(percent(cells.get((m, i))) for i in ids)] for m in methods]
    return markdown_table(["method", *(f"{preference_name(i, names)}, %" for i in ids)], lines)


def variants_table(pairs: pd.DataFrame, rewards: pd.DataFrame | None) -> str:
    """Rows that are compared with few others only: win rate against each of these, ± between seeds, and mean reward."""
    sets = list(dict.fromkeys(pairs["set"]))
    scored = {} if rewards is None else rewards.set_index(["set", "method"]).bt_reward.to_dict()
    lines = []
    for (method, opponent), group in pairs.groupby(["method", "opponent"], sort=False):
        own = {row.set: row for row in group.itertuples()}
        rates = [rate_of_seeds(own[name].win_rate, own[name]) if name in own else "" for name in sets]
        means = [f"{scored[name, method]:.3f}" if (name, method) in scored else "" for name in sets]
        lines.append([f"`{method}`", f"`{opponent}`", *rates, *means])
    columns = [f"{s}: win rate, % [95 %]" for s in sets] + [f"{s}: mean reward" for s in sets]
    return markdown_table(["method", "against", *columns], lines)


def rewards_by_set(rewards: pd.DataFrame) -> str:
    """Mean Bradley-Terry reward of every method on every set, best first on the first set; ± between its seeds."""
    sets = list(dict.fromkeys(rewards["set"]))
    first = rewards[rewards["set"] == sets[0]].sort_values("bt_reward", ascending=False, kind="stable")
    own = {(row.set, row.method): row for row in rewards.itertuples()}

    def cell(row) -> str:
        spread = "" if pd.isna(row.seed_std) else f" ± {row.seed_std:.3f}"
        return f"{row.bt_reward:.3f}{spread}"

    rows = [[f"`{m}`", *(cell(own[s, m]) if (s, m) in own else "" for s in sets)] for m in first.method]
    return markdown_table(["method", *(f"{name}: mean reward" for name in sets)], rows)


def reward_models_table(table: pd.DataFrame) -> str:
    """Held-out accuracy of the reward models."""
    rows = [
        [
            row.preference,
            f"{percent(row.accuracy)} [{percent(row.accuracy_ci_low)}, {percent(row.accuracy_ci_high)}]",
            f"{row.ece:.3f}",
            str(row.n_pairs),
        ]
        for row in table.itertuples()
    ]
    return markdown_table(["reward model", "held-out accuracy, % [95 %]", "calibration error", "pairs"], rows)


def generalisation_table(table: pd.DataFrame) -> str:
    """Mean rewards of controllers on combinations that they were and were not trained on."""
    rows = []
    for r in table.itertuples():
        gap = f"{r.difference:+.3f} [{r.ci_low:+.3f}, {r.ci_high:+.3f}]"
        kept = "" if pd.isna(r.kept) else f"{100 * r.kept:.0f} %"
        rewards = [f"{x:.3f}" for x in (r.bt_reward, r.full_reward, r.floor_reward)]
        rows.append([r.set, f"`{r.method}`", f"{r.part} ({r.combinations})", *rewards, gap, kept])
    columns = ["mean reward", "trained on all", "uniform", "difference to trained on all [95 %]", "gain kept"]
    return markdown_table(["set", "method", "combinations", *columns], rows)


def agreement_table(table: pd.DataFrame) -> str:
    """How often two judges agree, over all preferences and by preference."""
    columns = ["set", "judge", "other", "preference", "n", "agreement", "kappa", "decided_agreement", "decided_kappa"]
    rows = []
    for row in table[[c for c in columns if c in table]].to_dict("records"):
        rows.append(
            [percent(v) if "agreement" in k else f"{v:.2f}" if "kappa" in k else str(v) for k, v in row.items()]
        )
    names = {"agreement": "agreement, %", "decided_agreement": "without ties, %", "kappa": "κ"}
    names["decided_kappa"] = "κ without ties"
    return markdown_table([names.get(c, c) for c in columns if c in table], rows)


def leader_sentence(averages: pd.DataFrame) -> str:
    """Which method has the highest average win rate, on which sets, and how MoPE stands where it is not first."""
    parts = []
    for name in dict.fromkeys(averages["set"]):
        rows = averages[averages["set"] == name].sort_values("average_win_rate", ascending=False, kind="stable")
        first, second = rows.iloc[0], rows.iloc[min(1, len(rows) - 1)]
        text = f"`{first.method}` is first on {name} with {percent(first.average_win_rate)} %"
        if first.method == FOCUS:
            text += f" (next: `{second.method}`, {percent(second.average_win_rate)} %)"
        elif FOCUS in set(rows.method):
            own = rows[rows.method == FOCUS].average_win_rate.iloc[0]
            text += (
                f" (`{FOCUS}`: {percent(own)} %, rank {1 + int((rows.average_win_rate > own).sum())} of {len(rows)})"
            )
        parts.append(text)
    return "By average win rate " + "; ".join(parts) + "."


def intervals_sentence(pairs: pd.DataFrame, focus: str = FOCUS) -> str:
    """Against whom the method's interval lies above one half, contains it, or lies below, on each set."""
    parts = []
    rows = overall(pairs[pairs.method == focus])
    for name in dict.fromkeys(rows["set"]):
        own = rows[rows["set"] == name]
        above, below = own[own.ci_low > 0.5], own[own.ci_high < 0.5]
        rest = own.drop([*above.index, *below.index])
        text = f"on {name} above one half against {len(above)} of {len(own)} methods"
        if len(rest):
            text += f", undecided against {listed(list(rest.opponent))}"
        if len(below):
            text += f", below against {listed(list(below.opponent))}"
        parts.append(text)
    return f"The intervals of `{focus}` are " + "; ".join(parts) + "." if parts else ""


def weak_preferences_sentence(pairs: pd.DataFrame, names: dict[str, str], focus: str = FOCUS) -> str:
    """On which preferences whole intervals of the method lie below one half, and against how many methods."""
    rows = pairs[(pairs.method == focus) & (pairs.combination == ALL_TOGETHER) & (pairs.preference != ALL_TOGETHER)]
    if rows.empty:
        return ""
    if not (rows.ci_high < 0.5).any():
        return f"On no preference does `{focus}` lose to any method by its whole interval."
    parts = [
        f"{preference_name(preference, names)} on {name} against {(group.ci_high < 0.5).sum()} of {len(group)} methods"
        for (name, preference), group in rows.groupby(["set", "preference"], sort=False)
        if (group.ci_high < 0.5).any()
    ]
    return f"By preference `{focus}` loses by its whole interval: {'; '.join(parts)}."


def rewards_sentence(rewards: pd.DataFrame, focus: str = FOCUS, most: int = 4) -> str:
    """Which methods have a higher mean reward than `focus`, by the rewards of training; at most `most` by name."""
    parts = []
    for name in dict.fromkeys(rewards["set"]):
        means = rewards[rewards["set"] == name].set_index("method").bt_reward
        if focus in means:
            better = list(means[means > means[focus]].sort_values(ascending=False).index)
            number = f"{len(better)} of {len(means) - 1} methods, the first {listed(better[:1])}"
            parts.append(f"{(listed(better) or 'none') if len(better) <= most else number} on {name}")
    return f"Mean reward above that of `{focus}`: {'; '.join(parts)}." if parts else ""


def preference_name(preference: str, names: dict[str, str]) -> str:
    """A preference's id and name, e.g. `P1A elementary`; the id alone where it has no name."""
    return f"{preference} {names[preference]}" if preference in names else preference

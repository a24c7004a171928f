"""Win rates with intervals, as shares in [0, 1].

Win rate = (wins + ties / 2) / comparisons, over prompts, combinations and seeds (their counts are summed).
The interval `ci_low` to `ci_high` is from a bootstrap that resamples whole prompts and, crossed with them, whole
training seeds; `prompts_low` to `prompts_high` resamples prompts alone. Two methods with several seeds are compared
seed by seed, so an ablation's interval is that of the paired comparison.
"""

import numpy as np
import pandas as pd

from mope.analysis.evaluation import Evaluation
from mope.analysis.intervals import INTERVAL_COLUMNS, both_intervals, holm, sign_flip_p, wilson
from mope.analysis.outcomes import trained_seed
from mope.methods.names import FOCUS

SMALL = 100  # with fewer comparisons (seeds counted once) a Wilson interval is given beside the bootstrap's

WIN_RATE_COLUMNS = (
    "set judge combination preference method opponent win_rate ci_low ci_high wins ties losses unparsed n_prompts "
    "p_holm p_value decided_win_rate wilson_low wilson_high seed_std role prompts_low prompts_high p_bound"
).split()
AVERAGE_COLUMNS = "set judge method average_win_rate ci_low ci_high mean_tokens seeds seed_std".split()
AVERAGE_COLUMNS += INTERVAL_COLUMNS[2:]
CELL_COLUMNS = ["set", "judge", "combination", "preference", "method", "average_win_rate", *INTERVAL_COLUMNS]
DIFFERENCE_COLUMNS = ["set", "judge", "method", "opponent", "difference", *INTERVAL_COLUMNS]


def _seed_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Win rates by training seed (`trained_seed`), (pairs, seeds)."""
    whole = table[table["preference"] == "all"]
    return whole.assign(seed=trained_seed(whole)).pivot_table(
        index=["a", "b"], columns="seed", values="outcome", aggfunc="mean"
    )


def _spread(rates: pd.DataFrame) -> pd.Series:
    """Standard deviation between seeds, NaN for a single one."""
    return rates.std(axis=1, ddof=1)


def win_rates(e: Evaluation, named: list[str]) -> pd.DataFrame:
    """Win rates of both directions of every pair in every cell (columns `WIN_RATE_COLUMNS`).

    A cell is a combination or "all" with a preference or "all". In the cell of all, MoPE's comparisons with the methods
    `named` have p-values; `correct` fills in `p_holm` once all evaluation sets are together. `p_bound` is True where a
    p-value, and so the corrected one, is only an upper bound, the smallest value that the number of resamples allows.
    """
    spread, rows = _spread(_seed_rates(e.table)), []
    wins, ties, losses, unparsed = (
        x.sum(axis=(0, -1)) for x in (e.counts.wins, e.counts.ties, e.counts.losses, e.counts.unparsed)
    )
    n_prompts = (e.counts.total.sum(axis=-1) > 0).sum(axis=0)
    for c, (combination, preference) in enumerate(e.counts.cells):
        bounds = both_intervals(*e.resampled(c), len(e.counts.prompts))
        for p, pair in enumerate(e.counts.pairs):
            w, t, n = wins[c, p], ties[c, p], wins[c, p] + ties[c, p] + losses[c, p]
            rate = (w + 0.5 * t) / n if n else np.nan
            whole = combination == preference == "all"
            forward = {
                "set": e.set, "judge": e.judge, "combination": combination, "preference": preference,
                "method": pair[0], "opponent": pair[1], "win_rate": rate,
                "wins": int(w), "ties": int(t), "losses": int(losses[c, p]), "unparsed": int(unparsed[c, p]),
                "n_prompts": int(n_prompts[c, p]), "seed_std": spread.get(pair, np.nan) if whole else np.nan,
                "decided_win_rate": w / (w + losses[c, p]) if w + losses[c, p] else np.nan,
                "role": "exploratory" if set(pair) <= set(e.rows) else "ablation",
                **{name: bound[p] for name, bound in bounds.items()},
            }  # fmt: skip
            distinct = n / e.counts.n_seeds[p]
            if 0 < distinct < SMALL:
                forward["wilson_low"], forward["wilson_high"] = wilson(rate * distinct, distinct)
            if whole and FOCUS in pair and set(pair) - {FOCUS} <= set(named):
                value, bound = _test(e, c, p)
                forward |= {"p_value": value, "p_bound": bound, "role": "named"}
            rows += [forward, _mirrored(forward)]
    table = pd.DataFrame(rows).reindex(columns=WIN_RATE_COLUMNS)
    order = {name: i for i, name in enumerate(e.methods)}
    key = table[["method", "opponent"]].map(order.get)
    cells = {cell: i for i, cell in enumerate(e.counts.cells)}
    cell = [cells[x] for x in zip(table["combination"], table["preference"], strict=True)]
    return table.iloc[np.lexsort((key["opponent"], key["method"], cell))].reset_index(drop=True)


def _test(e: Evaluation, cell: int, pair: int) -> tuple[float, bool]:
    """p-value of "wins and losses are equally frequent", with prompts as units, and whether it is an upper bound."""
    balance = (e.counts.wins - e.counts.losses)[:, cell, pair].sum(axis=-1)
    return sign_flip_p(balance, len(e.weights), e.seed)


def _mirrored(row: dict) -> dict:
    """The same comparison from the opponent's side."""
    swapped = row | {"method": row["opponent"], "opponent": row["method"], "wins": row["losses"], "losses": row["wins"]}
    for low, high in (INTERVAL_COLUMNS[:2], INTERVAL_COLUMNS[2:], ("wilson_low", "wilson_high")):
        if low in row:
            swapped |= {low: 1 - row[high], high: 1 - row[low]}
    return swapped | {k: 1 - row[k] for k in ("win_rate", "decided_win_rate")}


def _by_method(e: Evaluation, rates: np.ndarray) -> np.ndarray:
    """(n, pairs) win rates -> (n, rows) averages over the opponents."""
    totals = np.zeros((len(rates), len(e.rows)))
    for p, (a, b) in enumerate(e.counts.pairs):
        if {a, b} <= set(e.rows):
            totals[:, e.rows.index(a)] += rates[:, p]
            totals[:, e.rows.index(b)] += 1 - rates[:, p]
    return totals / (len(e.rows) - 1)


def _averages(e: Evaluation, cell: int) -> np.ndarray:
    """(rows,) averages over the opponents."""
    points, total = (x[:, cell].sum(axis=(0, -1)) for x in (e.counts.points, e.counts.total))
    return _by_method(e, (points / total)[None])[0]


def _averages_resampled(e: Evaluation, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """The same in every resample of prompts and seeds, and of prompts alone: (resamples, rows) each."""
    crossed, alone = e.resampled(cell)
    averaged = _by_method(e, alone)
    return (averaged if crossed is alone else _by_method(e, crossed)), averaged


def average_win_rates(e: Evaluation, tokens: pd.DataFrame) -> pd.DataFrame:
    """Each method's win rate averaged over its opponents, with intervals and the standard deviation between seeds.

    `tokens` has the columns method, n_tokens and seed. Returns `AVERAGE_COLUMNS`; `mean_tokens` is per answer.
    """
    bounds = both_intervals(*_averages_resampled(e, 0), len(e.counts.prompts))
    seeds = tokens.groupby("method")["seed"].nunique()
    by_seed = _seed_rates(e.table).reindex(pd.MultiIndex.from_tuples(e.counts.pairs, names=["a", "b"]))
    spreads = _average_spread(e, by_seed, seeds)
    return pd.DataFrame(
        {
            "set": e.set,
            "judge": e.judge,
            "method": e.rows,
            "average_win_rate": _averages(e, 0),
            **bounds,
            "mean_tokens": tokens.groupby("method")["n_tokens"].mean().reindex(e.rows).to_numpy(),
            "seeds": seeds.reindex(e.rows).to_numpy(),
            "seed_std": spreads,
        },
        columns=AVERAGE_COLUMNS,
    )


def _average_spread(e: Evaluation, by_seed: pd.DataFrame, seeds: pd.Series) -> list[float]:
    """Standard deviation between a method's own seeds of its average win rate; NaN for a method of one seed."""
    spreads = []
    for method in e.rows:
        if seeds.get(method, 1) < 2:
            spreads.append(np.nan)
            continue
        pairs = {(a, b): r for (a, b), r in by_seed.iterrows() if method in (a, b) and {a, b} <= set(e.rows)}
        own = [r if a == method else 1 - r for (a, _), r in pairs.items()]
        spreads.append(_spread(pd.concat(own, axis=1).mean(axis=1).to_frame().T).iloc[0])
    return spreads


def averages_by_cell(e: Evaluation) -> pd.DataFrame:
    """Average win rates within each combination and each preference, with intervals."""
    parts = []
    for c, (combination, preference) in enumerate(e.counts.cells):
        bounds = both_intervals(*_averages_resampled(e, c), len(e.counts.prompts))
        own = (e.set, e.judge, combination, preference, e.rows, _averages(e, c), *bounds.values())
        parts.append(pd.DataFrame(dict(zip(CELL_COLUMNS, own, strict=True))))
    return pd.concat(parts, ignore_index=True)


def average_differences(e: Evaluation) -> pd.DataFrame:
    """Differences between the methods' average win rates, paired on the same resamples."""
    crossed, alone = _averages_resampled(e, 0)
    point, parts = _averages(e, 0), []
    for i, method in enumerate(e.rows):
        others = [j for j in range(len(e.rows)) if j != i]
        gaps = [x[:, [i]] - x[:, others] for x in (crossed, alone)]
        bounds = both_intervals(*gaps, len(e.counts.prompts))
        own = (e.set, e.judge, method, [e.rows[j] for j in others], point[i] - point[others], *bounds.values())
        parts.append(pd.DataFrame(dict(zip(DIFFERENCE_COLUMNS, own, strict=True))))
    return pd.concat(parts, ignore_index=True)


def correct(table: pd.DataFrame) -> pd.DataFrame:
    """Fills in `p_holm`: Holm's correction over a judge's named comparisons on all evaluation sets, each counted once.

    Other rows stay NaN.
    """
    table = table.copy()
    for judge in table["judge"].unique():
        tested = (table["judge"] == judge) & table["p_value"].notna()
        once = tested & (table["method"] == FOCUS)
        keys = table["set"] + "\0" + table["opponent"].where(table["method"] == FOCUS, table["method"])
        corrected = dict(zip(keys[once], holm(list(table.loc[once, "p_value"])), strict=True))
        table.loc[tested, "p_holm"] = keys[tested].map(corrected).astype(float)  # float also where none is named
    return table

"""Several runs in one table: MoPE's results in each, and where the spread between repeated runs comes from."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from mope.methods.names import FOCUS

STUDY_COLUMNS = (
    "set judge label run average_win_rate ci_low ci_high prompts_low prompts_high seeds seed_std rival lead "
    "lead_low lead_high reward reward_rival reward_lead"
).split()
SPREAD_COLUMNS = (
    "set judge runs mean mean_low mean_high between_runs prompts controllers trainings trainings_share".split()
)
RunTables = Mapping[str, pd.DataFrame]  # the tables of a run by name


def study_table(runs: Mapping[str, RunTables], labels: Mapping[str, object], against: list[str]) -> pd.DataFrame:
    """One row per set, judge and run, sorted by the run's label (columns `STUDY_COLUMNS` and `against_*`).

    `lead` is MoPE's average win rate minus that of `rival`, the best other method; its interval is that of the paired
    difference, where the run kept it. `reward_lead` is MoPE's mean Bradley-Terry reward minus that of `reward_rival`,
    the best other method by reward among those with an average win rate. `against_<method>` is the win rate against
    each method of `against`, with its interval.
    """
    rows = [{"run": run, **row} for run, tables in runs.items() for row in _rows(tables, against)]
    columns = [*STUDY_COLUMNS, *(f"against_{method}{end}" for method in against for end in ("", "_low", "_high"))]
    table = pd.DataFrame(rows).reindex(columns=columns)
    table["label"] = table.run.map(labels)
    order = {"set": list(dict.fromkeys(table["set"])), "judge": list(dict.fromkeys(table.judge))}
    return table.sort_values(
        ["set", "judge", "label"], key=lambda c: c.map(order[c.name].index) if c.name in order else c, ignore_index=True
    )


def _rows(tables: RunTables, against: list[str]) -> Iterator[dict]:
    """MoPE's results in one run, one row per set and judge."""
    for (name, judge), averages in tables["average_win_rates"].groupby(["set", "judge"], sort=False):
        averages = averages.set_index("method")
        own, rates = averages.loc[FOCUS], averages.average_win_rate.drop(FOCUS)
        rival = rates.idxmax()
        row = {"set": name, "judge": judge, "rival": rival, "lead": own.average_win_rate - rates[rival]}
        row |= {key: own[key] for key in ("average_win_rate", "ci_low", "ci_high", "seeds", "seed_std")}
        for end in ("low", "high"):  # a table with a single interval has the one over prompts alone
            row[f"prompts_{end}"] = own.get(f"prompts_{end}", own[f"ci_{end}"])
        for found in _matching(tables, "average_differences", name, judge, rival):
            row |= {"lead_low": found.ci_low, "lead_high": found.ci_high}
        for method in against:
            for found in _matching(tables, "overall_win_rates", name, judge, method):
                rate = {"": found.win_rate, "_low": found.ci_low, "_high": found.ci_high}
                row |= {f"against_{method}{end}": value for end, value in rate.items()}
        if "mean_rewards" in tables:
            rewards = tables["mean_rewards"].query("set == @name").set_index("method").bt_reward
            others = rewards[rewards.index.isin(rates.index)]
            row |= {"reward": rewards[FOCUS], "reward_rival": others.idxmax()}
            row["reward_lead"] = rewards[FOCUS] - others.max()
        yield row


def _matching(tables: RunTables, table: str, name: str, judge: str, opponent: str) -> list:
    """MoPE's rows against `opponent` in a table: one, or none where the run has not kept the table."""
    if table not in tables:
        return []
    found = tables[table].query("set == @name and judge == @judge and method == @FOCUS and opponent == @opponent")
    return list(found.itertuples())


def spread_of_runs(table: pd.DataFrame) -> pd.DataFrame:
    """Splits the spread between runs that repeat one experiment, for each set and judge that at least two runs have.

    All columns but the counts and `trainings_share` are win rates or standard deviations of MoPE's average win rate:

    - `between_runs`: the standard deviation observed between runs;
    - `prompts`: the one due to prompts, from each run's interval over prompts;
    - `controllers`: between the seeds of one run's controllers, pooled over the runs with several;
    - `trainings`: the rest, due to the training of base, reward models and experts. It is the between-study standard
      deviation of a random-effects model (Paule and Mandel 1982, by statsmodels) in which a run with k controllers has
      the variance prompts² + controllers² / k.

    `trainings_share` is the share of `trainings` in the variance of a run with one controller. `mean` has a t interval
    over whole runs. Runs with different seeds also have different evaluation prompts.
    """
    rows = []
    for (name, judge), own in table.groupby(["set", "judge"], sort=False):
        if len(own) < 2:
            continue
        rates, seeds = own.average_win_rate.to_numpy(float), own.seeds.to_numpy(float)
        prompts = ((own.prompts_high - own.prompts_low).to_numpy(float) / (2 * stats.norm.ppf(0.975))) ** 2
        several = own[own.seeds > 1]
        controllers = np.average(several.seed_std**2, weights=several.seeds - 1) if len(several) else np.nan
        variances = prompts + np.nan_to_num(controllers) / seeds
        with np.errstate(divide="ignore"):  # combine_effects divides by 0 in its I² where all runs have the same rate
            fitted = combine_effects(rates, variances, method_re="iterated", use_t=True)
        low, high = fitted.conf_int(use_t=True)[1]
        alone = np.mean(prompts) + np.nan_to_num(controllers) + fitted.tau2
        deviations = np.sqrt([rates.var(ddof=1), np.mean(prompts), controllers, fitted.tau2])
        rows.append((name, judge, len(own), fitted.mean_effect_re, low, high, *deviations, fitted.tau2 / alone))
    return pd.DataFrame(rows, columns=SPREAD_COLUMNS)

"""The README's numbers, taken from `results/reference` so that no figure in it is typed by hand."""

import json
import re
from collections.abc import Container
from pathlib import Path

import pandas as pd

from mope.errors import MopeError
from mope.methods.names import FOCUS, title

WALL = "from first to last"  # the line of timings.csv that is of no rule, but of the whole run


def blocks(reference: Path) -> dict[str, str]:
    """Markdown of every generated block, by its name."""
    runs, told = sorted((reference / "runs").glob("*")), tested(read_claims(reference))
    further = {f"{run.name}_{name}": block for run in runs for name, block in further_blocks(run, told).items()}
    timed = [pd.read_csv(file) for file in sorted(reference.glob("runs/*/timings.csv"))]
    return main_blocks(reference) | further | {"further_timings": further_timings_table(timed)}


def main_blocks(reference: Path) -> dict[str, str]:
    """The blocks of the main run."""
    return {
        "results": average_table(of_first_judge(pd.read_csv(reference / "tables/average_win_rates.csv"))),
        "rivals": rivals_table(of_first_judge(pd.read_csv(reference / "tables/win_rates.csv"))),
        "rewards": rewards_table(pd.read_csv(reference / "tables/reward_models.csv")),
        "claims": claims_table(read_claims(reference)),
        "decoding": decoding_table(pd.read_json(reference / "benchmarks/decoding.json")),
        "training": training_table(pd.read_json(reference / "benchmarks/training.json")),
        "timings": timings_table(pd.read_csv(reference / "timings.csv")),
    }


def further_blocks(run: Path, told: list[dict]) -> dict[str, str]:
    """The blocks of another run, without the claims that the main run has `told`.

    Of a sweep only the rewards: by these settings are chosen, never by win rates.
    """
    rewards = pd.read_csv(run / "tables/mean_rewards.csv")
    if run.name == "sweep":
        return {"rewards": sweep_table(rewards)}
    averages = of_first_judge(pd.read_csv(run / "tables/average_win_rates.csv"))
    pairs = of_first_judge(pd.read_csv(run / "tables/overall_win_rates.csv"))
    return {
        "results": average_table(averages, pd.read_csv(run / "tables/quality.csv")),
        "variants": variants_table(pairs[~pairs.method.isin(averages.method)], rewards),
        "generalisation": generalisation_table(pd.read_csv(run / "tables/generalisation.csv")),
        "claims": claims_table(read_claims(run), {claim["id"] for claim in told}),
    }


def sweep_table(rewards: pd.DataFrame) -> str:
    """Mean Bradley-Terry reward of every setting, best first; ± between its seeds."""
    rows = []
    for row in rewards.sort_values("bt_reward", ascending=False).itertuples():
        spread = "" if pd.isna(row.seed_std) else f" ± {row.seed_std:.3f}"
        rows.append([title(row.method), f"{row.bt_reward:.3f}{spread}"])
    return markdown_block(["setting", "mean reward"], rows)


def variants_table(pairs: pd.DataFrame, rewards: pd.DataFrame) -> str:
    """Rows that are compared with few others only: win rate against each of these, ± between seeds, and mean reward."""
    sets, reward = list(dict.fromkeys(pairs.set)), rewards.set_index(["set", "method"]).bt_reward
    lines = []
    for (method, opponent), group in pairs.groupby(["method", "opponent"], sort=False):
        rates = [spread_and_interval(r.win_rate, r) for r in group.itertuples()]
        lines.append([title(method), title(opponent), *rates, *(f"{reward[s, method]:.3f}" for s in sets)])
    columns = [f"{s}: win rate, % [95 %]" for s in sets] + [f"{s}: mean reward" for s in sets]
    return markdown_block(["method", "against", *columns], lines)


def generalisation_table(table: pd.DataFrame) -> str:
    """Mean rewards of controllers on combinations that they were and were not trained on."""
    rows = []
    for r in table.itertuples():
        gap = f"{r.difference:+.3f} [{r.ci_low:+.3f}, {r.ci_high:+.3f}]"
        kept = "" if pd.isna(r.kept) else f"{100 * r.kept:.0f} %"
        rewards = [f"{x:.3f}" for x in (r.bt_reward, r.full_reward, r.floor_reward)]
        rows.append([r.set, title(r.method), f"{r.part} ({r.combinations})", *rewards, gap, kept])
    columns = ["mean reward", "trained on all", "uniform", "difference to trained on all [95 %]", "gain kept"]
    return markdown_block(["set", "method", "combinations", *columns], rows)


def of_first_judge(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the judge that the claims follow: the first one of the configuration, and so of the table."""
    return table[table["judge"] == table["judge"].iloc[0]]


def percent_text(value: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * value:.1f}"


def spread_and_interval(rate: float, row) -> str:
    """A win rate in percent, ± the standard deviation between seeds where there are several, [95 % interval]."""
    spread = "" if pd.isna(row.seed_std) else f" ± {percent_text(row.seed_std)}"
    return f"{percent_text(rate)}{spread} [{percent_text(row.ci_low)}, {percent_text(row.ci_high)}]"


def markdown_block(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def average_table(table: pd.DataFrame, quality: pd.DataFrame | None = None) -> str:
    """Average pairwise win rate of every method on every set, best first on the first set; ± between its seeds.

    With `quality` also how often its answers state a fact of the topic, and the share of different pairs of words.
    """
    sets = list(dict.fromkeys(table.set))
    probe = None if quality is None else quality[quality.set == sets[0]].set_index("method")
    first = table[table.set == sets[0]].sort_values("average_win_rate", ascending=False)
    rows = []
    for method in first.method:
        cells, tokens = [title(method)], []
        for name in sets:
            (row,) = table[(table.set == name) & (table.method == method)].itertuples()
            cells.append(spread_and_interval(row.average_win_rate, row))
            tokens.append(f"{row.mean_tokens:.0f}")
        cells.append(" / ".join(tokens))
        if probe is not None:
            cells += [percent_text(probe.stated[method]), f"{probe.distinct_bigrams[method]:.3f}"]
        rows.append(cells)
    columns = ["tokens"] if probe is None else ["tokens", f"{sets[0]}: states a fact, %", "distinct-2"]
    return markdown_block(["method", *(f"{name}: average win rate, % [95 %]" for name in sets), *columns], rows)


def rivals_table(table: pd.DataFrame) -> str:
    """MoPE against each other method, all combinations and preferences together."""
    rows = table[(table.method == FOCUS) & (table.combination == "all") & (table.preference == "all")]
    lines = []
    for opponent in dict.fromkeys(rows.opponent):
        line = [title(opponent)]
        for row in rows[rows.opponent == opponent].itertuples():
            holm = f", p = {row.p_holm:.2g}" if pd.notna(row.p_holm) else ""
            line.append(spread_and_interval(row.win_rate, row) + holm)
        lines.append(line)
    return markdown_block(
        [f"{title(FOCUS)} against", *(f"{name}, % [95 %]" for name in dict.fromkeys(rows.set))], lines
    )


def rewards_table(table: pd.DataFrame) -> str:
    """Held-out accuracy of the reward models."""
    rows = [
        [
            row.preference,
            f"{percent_text(row.accuracy)} [{percent_text(row.accuracy_ci_low)}, {percent_text(row.accuracy_ci_high)}]",
            f"{row.ece:.3f}",
            str(row.n_pairs),
        ]
        for row in table.itertuples()
    ]
    return markdown_block(["reward model", "held-out accuracy, % [95 %]", "calibration error", "pairs"], rows)


def read_claims(run: Path) -> list[dict]:
    """The claims of a run."""
    return json.loads((run / "claims.json").read_text())


def tested(claims: list[dict]) -> list[dict]:
    """The claims that a run could put to the test."""
    return [claim for claim in claims if claim["verdict"] != "not run"]


def claims_table(claims: list[dict], told: Container[str] = ()) -> str:
    """Every claim that was put to the test, with its verdict and what speaks about it; not those already `told`."""

    def number(value) -> str:
        return "" if value is None else percent_text(value)

    rows = []
    for claim in tested(claims):
        if claim["id"] not in told:
            interval = "" if claim["ci_low"] is None else f" [{number(claim['ci_low'])}, {number(claim['ci_high'])}]"
            verdict = f"**{claim['verdict']}**" + (f": {claim['note']}" if claim["note"] else "")
            rows.append([claim["claim"], claim["published"], number(claim["ours"]) + interval, verdict])
    table = markdown_block(["claim", "published", "ours, % or points [95 %]", "verdict"], rows)
    missing = [] if told else [claim["claim"] for claim in claims if claim["verdict"] == "not run"]
    return f"{table}\n\n{len(missing)} more claims were not run; `claims.json` lists them." if missing else table


def decoding_table(table: pd.DataFrame) -> str:
    """Milliseconds per step, over a single model's step of this project and of Transformers, share of the floor."""
    counts = sorted(table.requests.unique())
    rows = []
    for (model, dtype, system), group in table.groupby(["model", "dtype", "system"], sort=False):
        cells = {
            row.requests: f"{row.ms_per_step:.1f} ms, {row.ratio_to_single:.2f}x, {row.ratio_to_transformers:.2f}x, "
            f"{row.floor_ratio:.2f}"
            for row in group.itertuples()
        }
        rows.append([model, dtype, f"`{system}`", *(cells[count] for count in counts)])
    columns = [f"{count} request{'s' if count > 1 else ''}" for count in counts]
    return markdown_block(["model", "dtype", "system", *columns], rows)


def training_table(table: pd.DataFrame) -> str:
    """Memory before a step of controller training and at the highest point of each of its parts, and their seconds."""
    rows = []
    for row in table.itertuples():
        parts = [(getattr(row, f"{part}_mb"), getattr(row, f"{part}_s")) for part in ("rollout", "scoring", "update")]
        cells = [f"{megabytes / 1024:.1f} GB, {seconds:.1f} s" for megabytes, seconds in parts]
        work = f"{row.answers} of {row.answer_tokens}"
        rows.append([row.model, f"{row.dtype}, {row.device}", work, f"{row.held_mb / 1024:.1f} GB", *cells])
    return markdown_block(["model", "on", "answers, tokens", "before", "answers", "rewards", "update"], rows)


def timings_table(table: pd.DataFrame) -> str:
    """Seconds per job of every rule of the last full run, the most memory that one took, and all jobs together."""
    wall, table = table[table.rule == WALL], table[table.rule != WALL]
    rows = [
        [f"`{row.rule}`", str(row.jobs), f"{row.seconds:.0f}", f"{row.peak_memory_mb:.0f}"]
        for row in table.sort_values("seconds").iloc[::-1].itertuples()
    ]
    work = f"{(table.jobs * table.seconds).sum():.0f} one after another"
    work += f", {wall.seconds.iloc[0]:.0f} from first to last"
    rows.append(["**all**", str(table.jobs.sum()), work, f"{table.peak_memory_mb.max():.0f}"])
    return markdown_block(["rule", "jobs", "seconds per job", "peak memory, MB"], rows)


def further_timings_table(tables: list[pd.DataFrame]) -> str:
    """Jobs, work and minutes of each further run."""
    rows = []
    for table in tables:
        wall, rules = table[table.rule == WALL].seconds, table[table.rule != WALL]
        minutes = [f"{seconds / 60:.0f}" for seconds in ((rules.jobs * rules.seconds).sum(), wall.iloc[0])]
        rows.append([f"`{table.run.iloc[0]}`", str(rules.jobs.sum()), *minutes, f"{rules.peak_memory_mb.max():.0f}"])
    columns = ["jobs", "minutes, one job after another", "minutes from first to last", "peak memory, MB"]
    return markdown_block(["run", *columns], rows)


def fill(text: str, generated: dict[str, str]) -> str:
    """`text` with everything between `<!-- NAME -->` and `<!-- end NAME -->` replaced by the generated blocks."""
    for name, block in generated.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n?<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise MopeError(f"README.md: no block <!-- {name} --> ... <!-- end {name} --> found")
        text = pattern.sub(lambda found, b=block: f"{found[1]}{b}\n{found[2].lstrip()}", text)
    return text

"""Synthetic judgments with known strengths, clustered by prompt."""

from itertools import combinations, product

import numpy as np
import pandas as pd

STRENGTH = {"vanilla": -1.2, "prompting": -0.3, "soup_factor": 0.4, "mod": -0.1, "mope": 1.0}
COMBINATIONS = ["-".join(poles) for poles in product(("P1A", "P1B"), ("P2A", "P2B"), ("P3A", "P3B"))]


def make_run(n_prompts, seed=0, combinations_=COMBINATIONS, unparsed=0.0):
    """(judgments by pair, responses by method); mope has three seeds, the others one."""
    rng = np.random.default_rng(seed)
    prompts = [f"q{i:03d}" for i in range(n_prompts)]
    seeds = {m: (0, 1, 2) if m == "mope" else (7,) for m in STRENGTH}
    effect = {m: rng.normal(STRENGTH[m], 0.4, n_prompts) for m in STRENGTH}
    responses = {
        m: pd.DataFrame(
            [(p, "prompt", c, f"{m} {p} {c} {s}", rng.integers(15, 60), "stop", s)
             for p in prompts for c in combinations_ for s in seeds[m]],
            columns="prompt_id prompt combination response n_tokens finish_reason seed".split(),
        )
        for m in STRENGTH
    }  # fmt: skip
    judgments = {}
    for a, b in combinations(STRENGTH, 2):
        rows = []
        cells = product(range(n_prompts), combinations_, seeds[a], seeds[b])
        for i, c, x, y in cells:
            for preference in c.split("-"):
                gap = effect[a][i] - effect[b][i] + rng.normal()
                verdict = "tie" if abs(gap) < 0.3 else "a" if gap > 0 else "b"
                for order in ("ab", "ba"):
                    shown = "tie" if rng.random() < 0.05 else verdict
                    shown = "unparsed" if rng.random() < unparsed else shown
                    rows.append((prompts[i], c, preference, order, shown, "raw text", x, y))
        columns = "prompt_id combination preference order verdict raw seed_a seed_b".split()
        judgments[a, b] = pd.DataFrame(rows, columns=columns)
    return judgments, responses


def make_scores(responses, seed=0):
    """Scores of `responses` (method -> answers) with the columns of score files, and method: one row per preference."""
    rng, parts = np.random.default_rng(seed), []
    for method, table in responses.items():
        each = table[["prompt_id", "combination", "seed"]].assign(method=method)
        each = each.assign(preference=each["combination"].str.split("-")).explode("preference", ignore_index=True)
        reward = (STRENGTH[method] + rng.normal(size=len(each))).astype("float32")
        parts.append(each.assign(reward=reward, bt_reward=1 / (1 + np.exp(-reward))))
    return pd.concat(parts, ignore_index=True)

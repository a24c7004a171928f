"""How often answers to questions of an embedded world are correct; there it is known what each sentence states."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mope.analysis.intervals import crossed_ratios, percentile_interval, resample_weights, seed_weights
from mope.judging.statements import Statement
from mope.judging.truth import Reading, reading
from mope.world.answers import STYLES
from mope.world.worlds import World

# Each a share: of answers, of sentences, or of facts.
MEASURES = (
    "sound",  # answers with a fact about each topic asked about, nothing invented and nothing repeated
    "with_invented",  # answers with an invented sentence
    "invented",  # sentences that are neither a fact about a topic asked about nor a sentence of a manner
    "repeated",  # sentences that the answer has already given, word for word
    "facts",  # different facts stated, out of those known about the topics asked about
    "in_register",  # stated facts in the requested register; NaN where none is requested
    "in_tone",  # answers that open and close with a sentence of the requested tone; NaN where none is requested
)
PLAIN = "vanilla"  # the method that the others are compared with: it reads no preference
ENDS = ("", "_low", "_high")
CORRECTNESS_COLUMNS = ["set", "method", "preference", "answers"]
CORRECTNESS_COLUMNS += [f"{name}{end}" for name in (*MEASURES, "difference") for end in ENDS]


def _in_tone(found: Reading, tone: str) -> bool:
    """Whether an opener of the tone comes first and a closer last, sentences of a formal or informal manner aside."""
    opener, closer = Statement(tone=tone, place="openers"), Statement(tone=tone, place="closers")
    return found.opening == opener and found.closing == closer


def counts(world: World, prompt: str, combination: str, response: str) -> list[tuple[int, int]]:
    """(count, total) of each of `MEASURES` in one answer; `MopeError` for a prompt outside the embedded world."""
    found = reading(world, prompt, response)
    asked = dict(STYLES[preference] for preference in combination.split("-") if preference in STYLES)
    register, tone = asked.get("register"), asked.get("tone")
    return [
        (found.faulty == 0, 1),
        (found.invented > 0, 1),
        (found.invented, found.sentences),
        (found.repeated, found.sentences),
        (found.facts, found.available),
        (sum(fact.register == register for fact in found.stated), len(found.stated)) if register else (0, 0),
        (_in_tone(found, tone), 1) if tone else (0, 0),
    ]


def _shares(sums: np.ndarray) -> np.ndarray:
    """(prompts, measures, 2) counts and totals -> (measures,) shares in [0, 1]; NaN where the total is 0."""
    with np.errstate(invalid="ignore"):
        return sums[..., 0].sum(axis=0) / sums[..., 1].sum(axis=0)


def _with_interval(names: Iterable[str], shares: np.ndarray, resampled: np.ndarray, n_prompts: int) -> dict[str, float]:
    """Columns <name>, <name>_low and <name>_high from (k,) shares and (resamples, k) resampled ones."""
    bounds = zip(names, shares, *percentile_interval(resampled, n_prompts), strict=True)
    return {f"{name}{end}": value for name, *values in bounds for end, value in zip(ENDS, values, strict=True)}


def correctness(world: World, responses: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """One row per set, method and requested preference, and one for "all" preferences (columns `CORRECTNESS_COLUMNS`).

    `responses` has the columns set, method, prompt_id, prompt, combination, response and seed, its prompts being
    questions of the world. A measure is the sum of counts over the sum of totals, over all answers and seeds; NaN where
    the total is 0. Intervals are by bootstrap over prompts, and over seeds where a method has several; all methods
    share the resamples of prompts. `difference` is `sound` minus that of vanilla prompting, paired by prompt.
    `MopeError` for a prompt outside the embedded world.
    """
    answers = zip(responses.prompt, responses.combination, responses.response, strict=True)
    counted = np.array([counts(world, *answer) for answer in answers], dtype=float)  # (answers, measures, 2)
    table = responses[["set", "method", "prompt_id", "combination", "seed"]].assign(place=np.arange(len(responses)))
    each = table.assign(preference=table["combination"].str.split("-")).explode("preference")
    parts = []
    for (name, preference), own in pd.concat([table.assign(preference="all"), each]).groupby(
        ["set", "preference"], sort=False
    ):
        prompts = pd.Index(sorted(set(own["prompt_id"])))
        weights = resample_weights(len(prompts), resamples, seed)
        found = {}
        for method, group in own.groupby("method", sort=False):
            seeds, prompt = pd.Index(sorted(set(group["seed"]))), prompts.get_indexer(group["prompt_id"])
            sums = np.zeros((len(prompts), len(seeds), len(MEASURES), 2))
            np.add.at(sums, (prompt, seeds.get_indexer(group["seed"])), counted[group["place"]])
            parts_of = (np.moveaxis(sums[..., part], 1, -1) for part in (0, 1))  # (prompts, measures, seeds) each
            resampled = crossed_ratios(weights, seed_weights(len(seeds), resamples, seed), *parts_of)
            found[method] = (len(group), sums.sum(axis=1), resampled)
        for method, (n, sums, resampled) in found.items():
            row = {"set": name, "method": method, "preference": preference, "answers": n}
            row |= _with_interval(MEASURES, _shares(sums), resampled, len(prompts))
            if PLAIN in found:
                _, plain, plain_resampled = found[PLAIN]
                difference = (_shares(sums) - _shares(plain))[:1], (resampled - plain_resampled)[:, :1]
                row |= _with_interval(["difference"], *difference, len(prompts))
            parts.append(row)
    return pd.DataFrame(parts, columns=CORRECTNESS_COLUMNS)

"""How often answers to questions of an embedded world are correct; there it is known what each sentence states."""

import numpy as np
import pandas as pd

from mope.analysis.method_shares import ENDS, method_shares
from mope.judging.kinds.truth import Reading, reading
from mope.judging.statements import Statement
from mope.preferences import members_of
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
CORRECTNESS_COLUMNS = ["set", "method", "preference", "answers"]
CORRECTNESS_COLUMNS += [f"{name}{end}" for name in (*MEASURES, "difference") for end in ENDS]


def _in_tone(found: Reading, tone: str) -> bool:
    """Whether an opener of the tone comes first and a closer last, sentences of a formal or informal manner aside."""
    opener, closer = Statement(tone=tone, place="openers"), Statement(tone=tone, place="closers")
    return found.opening == opener and found.closing == closer


def counts(world: World, prompt: str, combination: str, response: str) -> list[tuple[int, int]]:
    """(count, total) of each of `MEASURES` in one answer; `MopeError` for a prompt outside the embedded world."""
    found = reading(world, prompt, response)
    asked = dict(STYLES[preference] for preference in members_of(combination) if preference in STYLES)
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


def correctness(world: World, responses: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """One row per set, method and requested preference, and one for "all" preferences (columns `CORRECTNESS_COLUMNS`).

    `responses` has the columns set, method, prompt_id, prompt, combination, response and seed, its prompts being
    questions of the world. A measure is the sum of counts over the sum of totals, over all answers and seeds; NaN where
    the total is 0. Intervals are by bootstrap over prompts, and over seeds where a method has several; all methods
    share the resamples of prompts. `difference` is `sound` minus that of vanilla prompting, paired by prompt.
    `MopeError` for a prompt outside the embedded world.
    """
    answers = zip(responses.prompt, responses.combination, responses.response, strict=True)
    counted = np.array([counts(world, *answer) for answer in answers], dtype=float)
    table = method_shares(responses, counted, MEASURES, PLAIN, {"difference": "sound"}, resamples, seed)
    return table.reindex(columns=CORRECTNESS_COLUMNS)

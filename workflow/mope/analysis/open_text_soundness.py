"""How sound, relevant and finished answers of open text are, by the measures of its judge, preferences aside."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mope.analysis.method_shares import method_shares
from mope.judging.open_text import OpenTextFeatures, relevance

SOUNDNESS_MEASURES = (
    "sound",  # 1 minus the worst defect of an answer: empty, off-topic, repetitive, garbled
    "relevant",  # 0 where an answer is no nearer to its prompt than to unrelated sentences, 1 where it clearly is
    "finished",  # answers that end before the limit of tokens
)
PROMPTED = "prompting"  # the method that the others are compared with: the base that reads the preferences
DIFFERENCES = {"sound_difference": "sound", "relevant_difference": "relevant"}


def open_text_soundness(
    responses: pd.DataFrame, features: Sequence[OpenTextFeatures], resamples: int, seed: int
) -> pd.DataFrame:
    """The table of `method_shares` of `SOUNDNESS_MEASURES`, and differences to preference prompting.

    `responses` has the columns set, method, prompt_id, combination, finish_reason and seed; `features` are those of its
    answers, in order.
    """
    values = [
        (1 - f.degenerate, relevance(f.content), float(reason == "stop"))
        for f, reason in zip(features, responses.finish_reason, strict=True)
    ]
    counted = np.stack([np.array(values), np.ones((len(values), len(SOUNDNESS_MEASURES)))], axis=-1)
    return method_shares(responses, counted, SOUNDNESS_MEASURES, PROMPTED, DIFFERENCES, resamples, seed)

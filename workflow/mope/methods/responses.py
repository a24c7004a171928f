"""The table of a method's answers."""

import pandas as pd

from mope.methods.generator import Answers

RESPONSE_COLUMNS = ["prompt_id", "prompt", "combination", "response", "n_tokens", "finish_reason", "seed"]


def response_table(prompts: pd.DataFrame, combinations: list[str], answers: Answers) -> pd.DataFrame:
    """The table of a method's answers: seed, then prompt, then combination."""
    rows = [
        (row.prompt_id, row.prompt, xi, *answer, seed)
        for seed, given in answers.items()
        for (row, xi), answer in zip(
            ((row, xi) for row in prompts.itertuples() for xi in combinations), given, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=RESPONSE_COLUMNS)

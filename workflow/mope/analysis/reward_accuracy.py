"""Accuracy and calibration of the reward models in one table."""

import numpy as np
import pandas as pd

from mope.analysis.intervals import wilson

ACCURACY_COLUMNS = "preference accuracy accuracy_ci_low accuracy_ci_high ece n_pairs".split()


def reward_accuracy(metrics: dict[str, dict]) -> pd.DataFrame:
    """One row per preference: held-out accuracy with its Wilson interval, and calibration (`ACCURACY_COLUMNS`).

    `metrics[preference]` holds accuracy, n_pairs and, where it was measured, ece (expected calibration error).
    """
    rows = []
    for preference, found in metrics.items():
        low, high = wilson(found["accuracy"] * found["n_pairs"], found["n_pairs"])
        rows.append((preference, found["accuracy"], low, high, found.get("ece", np.nan), found["n_pairs"]))
    return pd.DataFrame(rows, columns=ACCURACY_COLUMNS)

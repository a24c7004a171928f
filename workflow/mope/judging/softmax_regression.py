"""Multinomial logistic regression, fitted by L-BFGS; the classifiers of tones differ in what they read and penalise."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import log_softmax, softmax


def fit_softmax(
    inputs: np.ndarray | csr_array,
    labels: Sequence[str],
    classes: Sequence[str],
    penalty: float,
    free_constant: bool,
    **options: float,
) -> np.ndarray:
    """Coefficients (d, classes) float64 for inputs (n, d), whose last column is a constant, and their n labels.

    They minimise the sum of the log-losses plus `penalty` times half the squared norm of the coefficients. With
    `free_constant`, the coefficients of the constant are not penalised. `options` are those of scipy's L-BFGS-B.
    """
    targets = np.array([[label == name for name in classes] for label in labels], float)
    shape = (inputs.shape[1], len(classes))
    in_penalty = np.ones((shape[0], 1))  # 0 for a row of coefficients that is not penalised
    in_penalty[-1] = 0.0 if free_constant else 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        logits, penalised = inputs @ weights, weights * in_penalty
        value = -(targets * log_softmax(logits, axis=1)).sum() + penalty / 2 * (penalised**2).sum()
        return value, (inputs.T @ (softmax(logits, axis=1) - targets) + penalty * penalised).ravel()

    found = minimize(loss, np.zeros(np.prod(shape)), jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(shape)

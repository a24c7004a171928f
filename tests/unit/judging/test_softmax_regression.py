"""The fit of the tone classifiers against what can be known by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import softmax

from mope.judging.softmax_regression import fit_softmax

EXACT = {"ftol": 1e-15, "gtol": 1e-10}


def test_a_constant_alone_gives_the_shares_of_the_labels() -> None:
    """Without a penalty on the constant, the probabilities are the frequencies."""
    labels = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    fitted = fit_softmax(np.ones((10, 1)), labels, "abc", penalty=7.0, free_constant=True, **EXACT)
    assert softmax(fitted[0]) == pytest.approx([0.5, 0.3, 0.2], abs=1e-6)


@pytest.mark.parametrize("free", [True, False])
def test_the_penalty_balances_the_residuals(free: bool) -> None:
    """At the minimum the gradient of the log-loss is minus the penalty's, which leaves a free constant out."""
    rng = np.random.default_rng(0)
    inputs = np.column_stack([rng.normal(size=(40, 3)), np.ones(40)])
    labels = rng.choice(list("abc"), 40)
    fitted = fit_softmax(inputs, labels, "abc", penalty=2.0, free_constant=free, **EXACT)
    residuals = softmax(inputs @ fitted, axis=1) - (labels[:, None] == np.array(list("abc")))
    expected = -2.0 * fitted
    if free:
        expected[-1] = 0.0
    assert np.allclose(inputs.T @ residuals, expected, atol=1e-5)
    sparse = fit_softmax(csr_array(inputs), labels, "abc", penalty=2.0, free_constant=free, **EXACT)
    assert np.allclose(sparse, fitted, atol=1e-6)

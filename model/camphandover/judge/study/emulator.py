"""A response surface of what runs give over the points at which they were made.

Quadratic in the probabilities of the factors, fitted by Bayesian ridge regression (scikit-learn):
it smooths over the luck of few draws, and says how sure it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FOLDS = 5


class Surface:
    """One response surface for each row of the responses.

    Args:
        points: Probabilities, shape (point, factor).
        responses: Shape (response, point); a row that does not vary is kept as it is.
    """

    def __init__(self, points: np.ndarray, responses: np.ndarray) -> None:
        self._means = responses.mean(axis=1)
        self._models = [
            None if np.ptp(row) == 0 else _model().fit(points - 0.5, row) for row in responses
        ]

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Expected responses at points and their standard deviations, each (response, point)."""
        mean = np.repeat(self._means[:, None], len(points), axis=1)
        sd = np.zeros_like(mean)
        for i, model in enumerate(self._models):
            if model is not None:
                mean[i], spread = model.predict(points - 0.5, return_std=True)
                # the spread of a prediction has the noise of the runs in it; the surface has not
                noise = 1.0 / model.named_steps["bayesianridge"].alpha_
                sd[i] = np.sqrt(np.maximum(spread**2 - noise, 0.0))
        return mean, sd


def skill(points: np.ndarray, responses: np.ndarray, seed: int) -> np.ndarray:
    """Share of the variance that a surface tells of points it was not fitted to (R2), (response,).

    Five-fold cross-validation; nan where a response does not vary.
    """
    from sklearn.model_selection import KFold, cross_val_predict

    folds = KFold(FOLDS, shuffle=True, random_state=seed % 2**32)
    found = np.full(len(responses), np.nan)
    for i, row in enumerate(responses):
        if np.ptp(row) > 0:
            told = cross_val_predict(_model(), points - 0.5, row, cv=folds)
            found[i] = 1.0 - np.mean((row - told) ** 2) / np.var(row)
    return found


def _model() -> Any:
    from sklearn.linear_model import BayesianRidge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    return make_pipeline(
        PolynomialFeatures(2, include_bias=False), StandardScaler(), BayesianRidge()
    )

"""Multinomial logistic regression on event counts: what every network should beat."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class LogisticRegression:
    """A linear classifier.

    Attributes:
        weight: (features, classes).
        bias: (classes,).
        scale: What features are divided by.
    """

    weight: Tensor
    bias: Tensor
    scale: float

    def __call__(self, features: Tensor) -> Tensor:
        """Return logits: (N, features) -> (N, classes)."""
        return features / self.scale @ self.weight + self.bias


def fit_logistic(
    features: Tensor, labels: Tensor, classes: int, *, penalty: float = 1e-3, rounds: int = 200
) -> LogisticRegression:
    """Fit by L-BFGS to the minimum of mean cross entropy + penalty / 2 * |weight|^2.

    Args:
        features: (N, features); divided by their standard deviation, all alike.
        labels: (N,), int64.
        classes: How many there are.
        penalty: Weight of the penalty.
        rounds: Most iterations.
    """
    scale = float(features.std().clamp(min=1e-12))
    x = features / scale
    weight = torch.zeros(x.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=rounds, history_size=20, line_search_fn="strong_wolfe"
    )

    def objective() -> Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(x @ weight + bias, labels)
        loss = loss + penalty / 2 * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(objective)  # type: ignore[no-untyped-call]
    return LogisticRegression(weight.detach(), bias.detach(), scale)

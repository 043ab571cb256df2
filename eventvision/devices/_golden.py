"""What a model should answer to its golden sample on a device."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ModelCard, ModelError, load_golden

from ._tensors import sizes_of

_TOLERANCE = 1e-4
"""For forms of which the card does not tell."""


def golden_outputs(card: ModelCard, artifact: str) -> dict[str, NDArray[np.generic]]:
    """Return the outputs of the golden sample in the units of the card.

    The sample keeps outputs of the integer form in units of that form; here they are real values,
    as a session gives them.

    Returns:
        By name, shape (steps, ...).

    Raises:
        ModelError: If the model has no golden sample for that form.
    """
    sample = load_golden(card)
    expected = sample.expected(artifact)
    if set(expected) != set(card.outputs):
        remedy = "make it again with the model's recipe"
        raise ModelError(
            card.name, f"its golden sample has no outputs of its {artifact} form", remedy
        )
    if artifact != "integer":
        return dict(expected)
    from eventvision.spiking.integer import load_model

    from ._integer import IntegerBinding

    first = {name: values[0] for name, values in sample.inputs.items()}
    binding = IntegerBinding(card, load_model(card.artifact("integer")), sizes_of(card, first, {}))
    return {
        name: np.stack([binding.real(name, step) for step in values])
        for name, values in expected.items()
    }


def tolerance_of(card: ModelCard, artifact: str) -> float:
    """Return how far outputs may be from the golden ones; integer devices are exact."""
    return 0.0 if artifact == "integer" else card.tolerance.get(artifact, _TOLERANCE)

"""A device that answers zeros at once: what is left of a run's cost is not the network's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    ARTIFACT_FORMATS,
    DeviceInfo,
    Fit,
    ModelCard,
    Session,
    SessionOptions,
)

from ._artifacts import chosen
from ._tensors import Arrays, shape_of


class NullDevice:
    """No device at all; every model runs on it, and none of its files is read."""

    def probe(self) -> DeviceInfo:
        """It is always there."""
        return DeviceInfo(
            name="null", summary="answers zeros at once, for measuring", formats=ARTIFACT_FORMATS
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:  # noqa: ARG002
        """Say yes."""
        return chosen(card, ARTIFACT_FORMATS)

    def open(self, card: ModelCard, options: SessionOptions) -> Session:
        """Make a session of zeros."""
        return _NullSession(
            {
                name: np.zeros(shape_of(card, f"output {name}", spec, options.sizes), spec.dtype)
                for name, spec in card.outputs.items()
            }
        )


class _NullSession:
    def __init__(self, outputs: Arrays) -> None:
        self._outputs = outputs

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:  # noqa: ARG002
        return {name: values.copy() for name, values in self._outputs.items()}

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass

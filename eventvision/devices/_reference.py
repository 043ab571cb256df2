"""The definition of right: plain numpy, slow.

Integer models run in the integer simulator, whose numbers every integer device has to meet to the
last bit; ONNX models in the reference evaluator of the package onnx; NIR graphs node by node.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, DeviceInfo, Fit, ModelCard, Session, SessionOptions
from eventvision.spiking.integer import IntegerSimulator

from ._artifacts import chosen
from ._integer import IntegerSession, bound_integer, integer_fit
from ._nir import NirSession, nir_fit
from ._onnx import NEXT
from ._tensors import Arrays, shape_of, zeros

FORMATS = ("integer", "onnx", "nir")
_ONNX_REMEDY = "pip install onnx"


class ReferenceDevice:
    """Numpy."""

    def probe(self) -> DeviceInfo:
        """It is always there."""
        return DeviceInfo(
            name="reference",
            summary="numpy: slow, and right by definition",
            formats=tuple(
                name for name in FORMATS if name == "integer" or find_spec(name) is not None
            ),
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Check the integer form, if there is one."""
        fit = chosen(card, FORMATS)
        if fit.artifact == "integer":
            return integer_fit(card, options)
        if fit.artifact == "nir":
            return nir_fit(card)
        if fit.artifact == "onnx" and find_spec("onnx") is None:
            return Fit(reason="evaluating ONNX in numpy needs onnx", remedy=_ONNX_REMEDY)
        return fit

    def open(self, card: ModelCard, options: SessionOptions) -> Session:
        """Load the integer form, else the ONNX form, else the NIR form."""
        if "integer" in card.artifacts:
            binding = bound_integer("reference", card, options)
            return IntegerSession(binding, IntegerSimulator(binding.model, binding.sizes))
        if "onnx" not in card.artifacts:
            shapes = {
                name: shape_of(card, f"output {name}", spec, options.sizes)
                for name, spec in card.outputs.items()
            }
            return NirSession(card, shapes)
        return _EvaluatorSession(card, options.sizes)


class _EvaluatorSession:
    """An ONNX graph, evaluated node by node."""

    def __init__(self, card: ModelCard, sizes: Mapping[str, int]) -> None:
        self._zeros = zeros(card.states, sizes)
        self._outputs = tuple(card.outputs)
        self._evaluator = _evaluator(card)
        self._states = self._zeros

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Evaluate the graph."""
        names = [*self._outputs, *(NEXT + name for name in self._states)]
        found = dict(
            zip(names, self._evaluator.run(names, {**inputs, **self._states}), strict=True)
        )
        self._states = {name: found[NEXT + name] for name in self._states}
        return {name: np.asarray(found[name]) for name in self._outputs}

    def reset(self) -> None:
        """Set the state to zeros."""
        self._states = self._zeros

    def close(self) -> None:
        """Nothing is held but memory."""


def _evaluator(card: ModelCard) -> Any:
    try:
        from onnx.reference import ReferenceEvaluator
    except ImportError as error:
        problem = f"evaluating ONNX in numpy needs onnx ({error})"
        raise DeviceError("reference", problem, _ONNX_REMEDY) from None
    path = card.artifact("onnx")
    try:
        return ReferenceEvaluator(str(path))
    except Exception as error:  # onnx raises errors of protobuf and its own
        problem = f"cannot read {path.name} of {card.name} ({error})"
        raise DeviceError("reference", problem, "export the model again") from None

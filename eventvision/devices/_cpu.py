"""Integer models on the CPU: 8-bit dot products, and only spikes where few neurons fire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eventvision.core import DeviceInfo, Fit, ModelCard, Session, SessionOptions

from ._artifacts import chosen
from ._facets import ActivityMeter, StepActivity
from ._integer import IntegerBinding, IntegerSession, bound_integer, integer_fit

if TYPE_CHECKING:
    from eventvision.spiking.integer import IntegerNetwork

FORMATS = ("integer",)


class CpuDevice:
    """The integer kernels of this library."""

    def probe(self) -> DeviceInfo:
        """It is always there."""
        return DeviceInfo(
            name="cpu",
            summary="int8 kernels, dense or by spikes, as is quicker",
            formats=FORMATS,
            facets=(ActivityMeter.__name__,),
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Check the integer form."""
        fit = chosen(card, FORMATS)
        return integer_fit(card, options) if fit.is_yes else fit

    def open(self, card: ModelCard, options: SessionOptions) -> Session:
        """Lay the network out in memory and take a step, so that its kernel is compiled."""
        from eventvision.spiking.integer import IntegerNetwork

        binding = bound_integer("cpu", card, options)
        network = IntegerNetwork(binding.model, binding.sizes, threads=options.threads)
        return _CpuSession(binding, network)


class _CpuSession(IntegerSession):
    """A session whose network has threads of its own."""

    def __init__(self, binding: IntegerBinding, network: IntegerNetwork) -> None:
        super().__init__(binding, network)
        self._kernels = network
        self.facets = (ActivityMeter(self._activity),)
        network.step(
            {name: np.zeros(network.shapes[name].array, np.float32) for name in binding.sizes}
        )
        network.reset()

    def _activity(self) -> StepActivity:
        layers = self._kernels.activity().values()
        return StepActivity(
            sum(layer.spikes for layer in layers),
            sum(layer.synaptic_operations for layer in layers),
            sum(layer.multiply_adds for layer in layers),
        )

    def close(self) -> None:
        """End the helping threads."""
        self._kernels.close()

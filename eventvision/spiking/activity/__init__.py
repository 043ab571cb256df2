"""How busy a network is: spikes, synaptic operations, rates, and an estimate of energy."""

from eventvision.spiking.counting import (
    AC_PJ,
    MAC_PJ,
    ActivityReport,
    LayerWork,
    NeuronActivity,
)

from ._measure import measure_activity

__all__ = [
    "AC_PJ",
    "MAC_PJ",
    "ActivityReport",
    "LayerWork",
    "NeuronActivity",
    "measure_activity",
]

"""How busy a network is: spikes, synaptic operations, rates, and an estimate of energy."""

from ._measure import measure_activity
from ._report import AC_PJ, MAC_PJ, ActivityReport, LayerWork, NeuronActivity

__all__ = [
    "AC_PJ",
    "MAC_PJ",
    "ActivityReport",
    "LayerWork",
    "NeuronActivity",
    "measure_activity",
]

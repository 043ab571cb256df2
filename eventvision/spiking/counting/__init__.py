"""What a network had to do: reports that need no torch, and counting of integer networks."""

from ._integer import IntegerCounter
from ._report import (
    AC_PJ,
    INTEGER_AC_PJ,
    INTEGER_MAC_PJ,
    MAC_PJ,
    SATURATED,
    ActivityReport,
    LayerWork,
    NeuronActivity,
)

__all__ = [
    "AC_PJ",
    "INTEGER_AC_PJ",
    "INTEGER_MAC_PJ",
    "MAC_PJ",
    "SATURATED",
    "ActivityReport",
    "IntegerCounter",
    "LayerWork",
    "NeuronActivity",
]

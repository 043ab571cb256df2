"""Networks as graphs of layers and neurons, and batch norm taken into the weights before it."""

from ._fold import Norm, Weighted, folded
from ._trace import input_names, traced

__all__ = ["Norm", "Weighted", "folded", "input_names", "traced"]

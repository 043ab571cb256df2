"""Networks from and to other forms: ReLU networks, NIR, ONNX."""

from ._onnx import NEXT, export_onnx
from ._stepper import Stepper, one_step

__all__ = ["NEXT", "Stepper", "export_onnx", "one_step"]

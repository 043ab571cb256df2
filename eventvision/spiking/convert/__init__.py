"""Networks from and to other forms: ReLU networks, NIR, ONNX."""

from ._onnx import NEXT, export_onnx
from ._relu import ConvertedNetwork, LayerError, ReluConversion, convert_relu
from ._stepper import Stepper, one_step

__all__ = [
    "NEXT",
    "ConvertedNetwork",
    "LayerError",
    "ReluConversion",
    "Stepper",
    "convert_relu",
    "export_onnx",
    "one_step",
]

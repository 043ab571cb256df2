"""Networks from and to other forms: ReLU networks, NIR, ONNX."""

from ._cuda_graph import CudaGraphStep
from ._from_nir import NirNetwork, from_nir, read_nir
from ._onnx import NEXT, export_onnx
from ._relu import ConvertedNetwork, LayerError, ReluConversion, convert_relu
from ._stepper import Stepper, one_step
from ._to_nir import to_nir, write_nir

__all__ = [
    "NEXT",
    "ConvertedNetwork",
    "CudaGraphStep",
    "LayerError",
    "NirNetwork",
    "ReluConversion",
    "Stepper",
    "convert_relu",
    "export_onnx",
    "from_nir",
    "one_step",
    "read_nir",
    "to_nir",
    "write_nir",
]

"""NVIDIA GPUs through torch: a whole step is one CUDA graph, the state stays in GPU memory."""

from ._device import CudaDevice

__all__ = ["CudaDevice"]

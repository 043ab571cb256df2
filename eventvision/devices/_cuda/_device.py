"""The device; torch is loaded only where there is a driver for it to use."""

from __future__ import annotations

import ctypes
import sys
from importlib.util import find_spec

from eventvision.core import DeviceError, DeviceInfo, Fit, ModelCard, Session, SessionOptions
from eventvision.devices._artifacts import chosen

NAME = "cuda"
FORMATS = ("onnx",)
_INSTALL = "pip install 'eventvision[gpu]'"
_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


class CudaDevice:
    """The first NVIDIA GPU."""

    def probe(self) -> DeviceInfo:
        """Look for driver, packages and GPU, the cheapest first."""
        missing, remedy = _missing()
        memory_bytes = None
        if not missing:
            import torch

            memory_bytes = int(torch.cuda.get_device_properties(0).total_memory)
        return DeviceInfo(
            name=NAME,
            summary="torch on an NVIDIA GPU, each step one CUDA graph",
            formats=FORMATS,
            missing=missing,
            remedy=remedy,
            memory_bytes=memory_bytes,
            facets=("StepTimer", "EventIntake"),
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:  # noqa: ARG002
        """Look for operators that are not known here."""
        fit = chosen(card, FORMATS)
        if not fit.is_yes or not (find_spec("torch") and find_spec("onnx")):
            return fit
        from ._program import read_program, unknown_operator

        unknown = unknown_operator(read_program(card))
        if unknown is None:
            return fit
        layer, operator = unknown
        reason = f"its operator {operator} is not known here"
        return Fit(layer=layer, reason=reason, remedy="run it on onnx:cuda")

    def open(self, card: ModelCard, options: SessionOptions) -> Session:
        """Load the graph, run it a few times, and record it."""
        fit = self.fits(card, options)
        missing, remedy = _missing()
        if missing or not fit.is_yes:
            raise DeviceError(NAME, missing or str(fit), remedy or fit.remedy)
        from ._session import CudaSession

        return CudaSession(card, options.sizes)


def _missing() -> tuple[str, str]:
    """Return what is missing and how to get it; two empty texts if nothing is."""
    for package in ("torch", "onnx"):
        if find_spec(package) is None:
            return f"{package} is not installed", _INSTALL
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return "there is no NVIDIA driver", "install an NVIDIA GPU and its driver"
    import torch

    if not torch.cuda.is_available():
        return "torch sees no GPU", "install a torch with CUDA, and see whether nvidia-smi works"
    return "", ""

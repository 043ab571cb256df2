"""Who computes a layer of neurons: plain torch, numba on the CPU, or Triton on the GPU.

Nothing falls back in silence: a backend that was asked for and cannot be used is an error with a
remedy, and what "auto" chose, and why, can be asked for.
"""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from eventvision.core import ConfigError, DeviceError

Backend = Literal["auto", "torch", "numba", "triton"]
BACKENDS = ("auto", "torch", "numba", "triton")
NUMBA_TYPES = (torch.float32, torch.float64)
TRITON_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class Choice(NamedTuple):
    """A backend and the reason for it."""

    backend: Literal["torch", "numba", "triton"]
    reason: str

    def __str__(self) -> str:
        return f"{self.backend}: {self.reason}"


def check_backend(backend: str) -> None:
    """Refuse a name that no backend has."""
    if backend not in BACKENDS:
        raise ConfigError("backend", backend, f"one of {', '.join(BACKENDS)}")


@cache
def triton_is_installed() -> bool:
    """Return whether Triton can be imported."""
    return importlib.util.find_spec("triton") is not None


def triton_interprets() -> bool:
    """Return whether Triton runs kernels in its interpreter, on any device."""
    return os.environ.get("TRITON_INTERPRET", "0").lower() in {"1", "true"}


def choose(backend: Backend, x: Tensor) -> Choice:
    """Return who computes an input.

    Raises:
        DeviceError: If the backend that was asked for cannot compute it.
    """
    if backend == "torch":
        return Choice("torch", "asked for")
    problem = _numba_problem(x) if backend == "numba" else _triton_problem(x)
    if backend != "auto":
        if problem is not None:
            raise DeviceError(backend, *problem)
        return Choice(backend, "asked for")
    if torch.compiler.is_compiling() or torch._C._get_tracing_state():  # noqa: SLF001
        return Choice("torch", "a graph is being traced, in which only torch can be seen")
    if x.is_cuda:
        if problem is None:
            return Choice("triton", f"{x.dtype} on {x.device}")
        return Choice("torch", problem[0])
    problem = _numba_problem(x)
    if problem is None:
        return Choice("numba", f"{x.dtype} on the CPU, {torch.get_num_threads()} threads at most")
    return Choice("torch", problem[0])


def _numba_problem(x: Tensor) -> tuple[str, str] | None:
    """Return why numba cannot compute an input, and the remedy."""
    if x.device.type != "cpu":
        return f"cannot see memory of {x.device}", "use backend='triton' there, or move the input"
    if x.dtype not in NUMBA_TYPES:
        return f"has no {x.dtype} on the CPU", "use float32, or backend='torch'"
    if not _is_plain(x):
        return "needs a tensor with memory of its own", "use backend='torch' under transforms"
    return None


def _triton_problem(x: Tensor) -> tuple[str, str] | None:
    """Return why Triton cannot compute an input, and the remedy."""
    if not triton_is_installed():
        return "Triton is not installed", "pip install 'eventvision[gpu]', or use backend='torch'"
    if not x.is_cuda and not triton_interprets():
        return f"has no kernels for {x.device}", "move the input to a GPU, or use backend='numba'"
    if x.dtype not in TRITON_TYPES:
        return f"has no {x.dtype}", "use float32 or float16"
    if not _is_plain(x):
        return "needs a tensor with memory of its own", "use backend='torch' under transforms"
    return None


def _is_plain(x: Tensor) -> bool:
    """Return whether a tensor is neither symbolic nor wrapped by a transform."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(x)  # noqa: SLF001
    return type(x) in {Tensor, torch.nn.Parameter} and not wrapped

"""Memory for large results that is used again once nobody holds it any more.

Fresh memory of hundreds of megabytes costs more to get from the system, page by page, than a layer
of neurons costs to compute. So large results are tensors over memory that comes back to a shelf
when the last tensor over it is gone; no result that anybody can still see is ever written to.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from threading import RLock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SMALLEST_BYTES = 1 << 20
"""Smaller results are left to torch."""

PAGE_BYTES = 4096

_NUMPY_TYPES: dict[torch.dtype, np.dtype[Any]] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}


class _Lent:
    """What arrays over lent memory are based on; it goes when the last of them goes."""

    __slots__ = ("__array_interface__", "__weakref__")

    def __init__(self, memory: NDArray[np.uint8], dtype: np.dtype[Any], count: int) -> None:
        self.__array_interface__ = memory.__array_interface__ | {
            "shape": (count,),
            "typestr": dtype.str,
            "descr": [("", dtype.str)],
        }


class Shelf:
    """Memory that was used before.

    What has not been taken for a while (`patience` other takings) is given back to the system.

    Args:
        patience: For how many takings memory may lie unused.
    """

    def __init__(self, patience: int = 256) -> None:
        self._patience = patience
        self._lock = RLock()  # memory may come back in the middle of taking some
        self._free: list[tuple[int, NDArray[np.uint8]]] = []
        self._takings = 0

    def take(self, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return so many numbers; the memory comes back when no array over it is left."""
        size = count * dtype.itemsize
        with self._lock:
            self._takings += 1
            memory = self._fitting(size)
            oldest = self._takings - self._patience
            self._free = [(since, kept) for since, kept in self._free if since >= oldest]
        if memory is None:
            memory = _aligned(size)
        lent = _Lent(memory, dtype, count)
        weakref.finalize(lent, self._put_back, memory).atexit = False
        return np.asarray(lent)

    def release(self) -> None:
        """Give all unused memory back to the system."""
        with self._lock:
            self._free.clear()

    @property
    def unused_bytes(self) -> int:
        """How much memory lies unused."""
        return sum(memory.nbytes for _, memory in self._free)

    def _fitting(self, size: int) -> NDArray[np.uint8] | None:
        """Take the smallest unused memory of `size` to 5/4 of it, and of those the latest."""
        fitting = [
            (memory.nbytes, -index)
            for index, (_, memory) in enumerate(self._free)
            if size <= memory.nbytes <= size + size // 4
        ]
        return self._free.pop(-min(fitting)[1])[1] if fitting else None

    def _put_back(self, memory: NDArray[np.uint8]) -> None:
        with self._lock:
            self._free.append((self._takings, memory))


def _aligned(size: int) -> NDArray[np.uint8]:
    """Return new memory that begins where a page does: accesses across cache lines cost double."""
    memory = np.empty(size + PAGE_BYTES, np.uint8)
    first = -memory.ctypes.data % PAGE_BYTES
    return memory[first : first + size]


SHELF = Shelf()


def empty(shape: Sequence[int], like: Tensor) -> Tensor:
    """Return a contiguous CPU tensor of undefined content, over used memory if it is large."""
    count = math.prod(shape)
    if count * like.itemsize < SMALLEST_BYTES:
        return torch.empty(tuple(shape), dtype=like.dtype)
    numbers = SHELF.take(count, _NUMPY_TYPES[like.dtype])
    return torch.from_numpy(numbers).reshape(tuple(shape))


def release_memory() -> None:
    """Give the memory kept for large results back to the system.

    Results of layers of neurons on the CPU live in memory that is used again when they are gone,
    because getting it anew would cost more than the computation.
    """
    SHELF.release()

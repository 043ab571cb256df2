"""How kernels are compiled: nopython, without the GIL, cached beside the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a pure array function with numba; other threads run while it does.

    `function.py_func` is the plain Python original, for tests on tiny inputs.
    """
    return cast("Callable[P, R]", numba.njit(nogil=True, cache=True)(function))


def inline(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a helper that only other kernels call; LLVM inlines it."""
    return cast("Callable[P, R]", numba.njit(nogil=True, cache=True, inline="never")(function))


def arithmetic(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a loop of arithmetic so that it vectorises: dividing by zero gives infinity."""
    compiled = numba.njit(nogil=True, cache=True, error_model="numpy")
    return cast("Callable[P, R]", compiled(function))


def summing(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a loop that adds up, free to add in another order so that it vectorises."""
    compiled = numba.njit(
        nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"}
    )
    return cast("Callable[P, R]", compiled(function))

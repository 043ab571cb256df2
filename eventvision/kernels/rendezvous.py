"""Threads that run one kernel together and wait for each other between its parts.

Handing work to another thread through Python takes longer than a layer of a small network does. So
each thread runs the whole kernel on its own share, and before the next layer they meet at a
counter. Waiting spins, for a while without and then with leaving the processor to others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ._jit import inline

_I64 = ir.IntType(64)
_SPINS = 4096


def _fetch_add(_typing: Any, _address: Any, _number: Any) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
        place = builder.inttoptr(values[0], _I64.as_pointer())
        return builder.atomic_rmw("add", place, values[1], "acq_rel")

    return types.int64(types.int64, types.int64), generate


def _load(_typing: Any, _address: Any) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
        return builder.load_atomic(builder.inttoptr(values[0], _I64.as_pointer()), "acquire", 8)

    return types.int64(types.int64), generate


_arrive = cast("Callable[[int, int], int]", intrinsic(_fetch_add))
_arrived = cast("Callable[[int], int]", intrinsic(_load))
_give_way = types.ExternalFunction(
    "SwitchToThread" if sys.platform == "win32" else "sched_yield", types.int32()
)


@inline
def meet(counter: int, threads: int, times: int) -> None:
    """Wait until all threads have come here.

    Args:
        counter: Address of a 64-bit number that was 0 before the first meeting.
        threads: How many there are.
        times: Which meeting this is, counted from 1.
    """
    _arrive(counter, 1)
    spins = 0
    while _arrived(counter) < threads * times:
        spins += 1
        if spins > _SPINS:
            _give_way()

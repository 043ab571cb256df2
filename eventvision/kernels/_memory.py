"""Unaligned loads, stores and copies at raw addresses, for kernels that check bounds themselves.

Decompression is bound by these: an array index costs a sign test and a byte at a time. Addresses
and values are 64-bit integers; loads of fewer bits are zero-extended. Little-endian machines only,
as all that numba supports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from ._jit import inline


def _loader(bits: int) -> Callable[[int], int]:
    def load(_context: Any, _address: Any) -> Any:
        def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
            value = builder.load(pointer)
            value.align = 1
            return value if bits == 64 else builder.zext(value, ir.IntType(64))

        return types.int64(types.int64), generate

    return cast("Callable[[int], int]", intrinsic(load))


def _storer(bits: int) -> Callable[[int, int], None]:
    def store(_context: Any, _address: Any, _value: Any) -> Any:
        def generate(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
            value = arguments[1] if bits == 64 else builder.trunc(arguments[1], ir.IntType(bits))
            builder.store(value, pointer).align = 1
            return target.get_dummy_value()

        return types.none(types.int64, types.int64), generate

    return cast("Callable[[int, int], None]", intrinsic(store))


def _copier(count: int) -> Callable[[int, int], None]:
    def copy(_context: Any, _to: Any, _source: Any) -> Any:
        def generate(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            pointer = ir.VectorType(ir.IntType(8), count).as_pointer()
            value = builder.load(builder.inttoptr(arguments[1], pointer))
            value.align = 1
            builder.store(value, builder.inttoptr(arguments[0], pointer)).align = 1
            return target.get_dummy_value()

        return types.none(types.int64, types.int64), generate

    return cast("Callable[[int, int], None]", intrinsic(copy))


def _leading_zeros(_context: Any, _value: Any) -> Any:
    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


load_u8 = _loader(8)
load_u16 = _loader(16)
load_u32 = _loader(32)
load_64 = _loader(64)
store_u8 = _storer(8)
store_u16 = _storer(16)
store_u32 = _storer(32)
store_64 = _storer(64)
copy_8 = _copier(8)
"""Copy 8 bytes: (to, from)."""
copy_16 = _copier(16)
"""Copy 16 bytes: (to, from)."""
leading_zeros = cast("Callable[[int], int]", intrinsic(_leading_zeros))
"""Count the zero bits above the highest one; 64 for 0."""


@inline
def address_of(data: NDArray[np.generic]) -> int:
    """Return the address of the first element; keep using the array as long as the address.

    An array that a kernel makes and does not mention any more is freed at once.
    """
    return np.int64(data.ctypes.data)  # type: ignore[return-value]

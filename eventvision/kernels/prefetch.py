"""Ask for memory ahead of its use.

A kernel that writes to scattered places waits for each of them to come into the cache, unless it
names them early enough. Numba has no word for that; LLVM has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

_FOR_WRITING = 1
_KEEP_CLOSE = 3
_DATA = 1


def _prefetch(_typing: Any, array: types.Array, index: types.Type) -> Any:
    if not isinstance(index, types.Integer):
        return None
    signature = types.void(array, index)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        array, index = args
        data = context.make_array(signature.args[0])(context, builder, array).data
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.bitcast(builder.gep(data, [index]), pointer)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
        hints = [ir.Constant(number, hint) for hint in (_FOR_WRITING, _KEEP_CLOSE, _DATA)]
        builder.call(prefetch, [place, *hints])
        return context.get_dummy_value()

    return signature, generate


prefetch = cast("Callable[[NDArray[np.generic], np.uint64], None]", intrinsic(_prefetch))
"""Bring the cache line of an element closer, to write there soon.

Args:
    array: Contiguous array of one dimension.
    index: Element; may lie outside, as nothing is read.
"""

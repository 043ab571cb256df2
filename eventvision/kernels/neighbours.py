"""The eight neighbours of a pixel in three loads.

Numba has no vectors of its own, and eight loads, comparisons and selections in a row are what a
neighbourhood test spends its time on. `any_neighbour_since` is the same test written in LLVM's
portable vectors: each row of three is loaded as one vector of four, whose last lane is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

_LANES = 4
_OUTER_ROWS = 0b0111
_MIDDLE_ROW = 0b0101


def _any_neighbour_since(
    _typing: Any, times: types.Array, corner: types.Type, pitch: types.Type, since: types.Type
) -> Any:
    if not isinstance(since, types.Integer):
        return None
    signature = types.boolean(times, corner, pitch, times.dtype)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        array, corner, pitch, since = args
        data = context.make_array(signature.args[0])(context, builder, array).data
        lane = context.get_data_type(signature.args[0].dtype)
        vector = ir.VectorType(lane, _LANES)

        def row(index: ir.Value) -> ir.Value:
            address = builder.bitcast(builder.gep(data, [index]), vector.as_pointer())
            return builder.load(address, align=lane.width // 8)

        middle_start = builder.add(corner, pitch)
        above, middle = row(corner), row(middle_start)
        below = row(builder.add(middle_start, pitch))
        later = builder.select(builder.icmp_signed(">", above, below), above, below)
        threshold = _splat(builder, since, vector)
        outer = _lanes_set(builder, builder.icmp_signed(">=", later, threshold), _OUTER_ROWS)
        inner = _lanes_set(builder, builder.icmp_signed(">=", middle, threshold), _MIDDLE_ROW)
        either = builder.or_(outer, inner)
        return builder.icmp_unsigned("!=", either, ir.Constant(either.type, 0))

    return signature, generate


any_neighbour_since = cast(
    "Callable[[NDArray[np.signedinteger], np.uint64, np.uint64, np.int64], bool]",
    intrinsic(_any_neighbour_since),
)
"""Say whether one of the eight neighbours of a pixel is not before a time.

Args:
    times: Signed integers, contiguous, row by row, and at least one cell more.
    corner: Index of the upper left neighbour; not checked.
    pitch: Length of a row.
    since: Least time that counts, within the range of the integers.
"""


def _splat(builder: ir.IRBuilder, value: ir.Value, vector: ir.VectorType) -> ir.Value:
    """Return a vector with `value` in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    index = ir.IntType(32)
    first = builder.insert_element(undefined, value, ir.Constant(index, 0))
    lanes = ir.Constant(ir.VectorType(index, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, undefined, lanes)


def _lanes_set(builder: ir.IRBuilder, flags: ir.Value, counted: int) -> ir.Value:
    """Return the flags of the counted lanes as bits of a small integer."""
    bits = ir.IntType(_LANES)
    return builder.and_(builder.bitcast(flags, bits), ir.Constant(bits, counted))

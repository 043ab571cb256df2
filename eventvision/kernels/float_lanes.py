"""Sixteen float32 numbers at once: the few operations of which a graph's messages are made.

The sibling of `lanes`, and under the same rules: a `FloatLanes` value lives in a register, loads
and stores take raw addresses, need no alignment, and check nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

from .lanes import LANES, load, operation, splatted, store

_F32 = ir.FloatType()
_VECTOR = ir.VectorType(_F32, LANES)


class FloatLanesType(types.Type):
    """Numba's name for sixteen float32 numbers."""

    def __init__(self) -> None:
        super().__init__(name="FloatLanes")


float_lanes_type = FloatLanesType()


@register_model(FloatLanesType)
class _FloatLanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


class FloatLanes:
    """What such a value is called in annotations."""


def _load(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return load(builder, values[0], _VECTOR)


def _store(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> None:
    store(builder, values[1], values[0])


def _splat(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return splatted(builder, values[0], _VECTOR)


def _add(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return builder.fadd(*values)


def _multiply(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return builder.fmul(*values)


def _subtract(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return builder.fsub(*values)


def _where(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    lanes, bits = values
    flags = ir.VectorType(ir.IntType(1), LANES)
    mask = builder.bitcast(builder.trunc(bits, ir.IntType(LANES)), flags)
    return builder.select(mask, lanes, ir.Constant(_VECTOR, [0.0] * LANES))


def _reached(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    flags = builder.fcmp_ordered(">=", *values)
    return builder.zext(builder.bitcast(flags, ir.IntType(LANES)), ir.IntType(64))


def _larger(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return builder.select(builder.fcmp_ordered(">", *values), *values)


def _weighted(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    lanes, factor, other = values
    multiply_add = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module,
        ir.FunctionType(_VECTOR, [_VECTOR, _VECTOR, _VECTOR]),
        "llvm.fmuladd.v16f32",
    )
    repeated = splatted(builder, load(builder, factor, _F32), _VECTOR)
    return builder.call(multiply_add, [repeated, load(builder, other, _VECTOR), lanes])


_two = (float_lanes_type, float_lanes_type)

load_f32 = cast("Callable[[int], FloatLanes]", operation(float_lanes_type, (types.int64,), _load))
store_f32 = cast(
    "Callable[[int, FloatLanes], None]",
    operation(types.none, (types.int64, float_lanes_type), _store),
)
"""Store: (address, lanes)."""
splat_f32 = cast(
    "Callable[[np.float32], FloatLanes]", operation(float_lanes_type, (types.float32,), _splat)
)
"""Return lanes that all hold one number."""
add_f32 = cast("Callable[[FloatLanes, FloatLanes], FloatLanes]",
               operation(float_lanes_type, _two, _add))  # fmt: skip
subtract_f32 = cast("Callable[[FloatLanes, FloatLanes], FloatLanes]",
                    operation(float_lanes_type, _two, _subtract))  # fmt: skip
multiply_f32 = cast("Callable[[FloatLanes, FloatLanes], FloatLanes]",
                    operation(float_lanes_type, _two, _multiply))  # fmt: skip
bits_reached_f32 = cast("Callable[[FloatLanes, FloatLanes], int]",
                        operation(types.int64, _two, _reached))  # fmt: skip
"""Return a bit for each number that is at least the other one."""
where_bits_f32 = cast("Callable[[FloatLanes, int], FloatLanes]",
                  operation(float_lanes_type, (float_lanes_type, types.int64), _where))  # fmt: skip
"""Return the numbers whose bits are set, and zeros: (lanes, bits)."""
larger_f32 = cast("Callable[[FloatLanes, FloatLanes], FloatLanes]",
                  operation(float_lanes_type, _two, _larger))  # fmt: skip
add_weighted = cast(
    "Callable[[FloatLanes, int, int], FloatLanes]",
    operation(float_lanes_type, (float_lanes_type, types.int64, types.int64), _weighted),
)
"""Add one number times sixteen: (lanes, address of the number, address of the sixteen)."""

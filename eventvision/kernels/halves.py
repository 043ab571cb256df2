"""Thirty-two 16-bit numbers at once: currents and potentials of integer neurons.

The companion of `lanes`, with the same rules: values live in registers, addresses are raw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

from .lanes import Lanes, has_features, lanes_type, load, operation, splatted, store

HALVES = 32
_I8, _I16, _I32 = map(ir.IntType, (8, 16, 32))
_VECTOR = ir.VectorType(_I16, HALVES)
_WORDS = ir.VectorType(_I32, HALVES // 2)


class HalvesType(types.Type):
    """Numba's name for thirty-two 16-bit numbers."""

    def __init__(self) -> None:
        super().__init__(name="Halves")


halves_type = HalvesType()


@register_model(HalvesType)
class _HalvesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


class Halves:
    """What such a value is called in annotations."""


def _order(first: int, other: int) -> ir.Constant:
    """Return the shuffle that undoes the order in which `vpackssdw` leaves its results."""
    return ir.Constant(
        ir.VectorType(_I32, HALVES),
        [8 * block + place for start in (first, other) for block in range(4)
         for place in range(start, start + 4)],
    )  # fmt: skip


def _joined(target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    if has_features(target, "avx512bw"):
        pack = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(_VECTOR, [_WORDS, _WORDS]),
            "llvm.x86.avx512.packssdw.512",
        )
        packed = builder.call(pack, values)
        return builder.shuffle_vector(packed, ir.Constant(_VECTOR, ir.Undefined), _order(0, 4))
    narrow = ir.VectorType(_I16, HALVES // 2)
    clipped = [builder.trunc(_clipped(builder, value), narrow) for value in values]
    both = ir.Constant(ir.VectorType(_I32, HALVES), list(range(HALVES)))
    return builder.shuffle_vector(*clipped, both)


def _clipped(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    for comparison, limit in (("<", 32_767), (">", -32_768)):
        bound = ir.Constant(_WORDS, [limit] * (HALVES // 2))
        value = builder.select(builder.icmp_signed(comparison, value, bound), value, bound)
    return value


def _load(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return load(builder, values[0], _VECTOR)


def _store(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> None:
    store(builder, values[1], values[0])


def _store_bytes(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> None:
    store(builder, builder.trunc(values[1], ir.VectorType(_I8, HALVES)), values[0])


def _splat(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return splatted(builder, builder.trunc(values[0], _I16), _VECTOR)


def _add_saturated(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module, ir.FunctionType(_VECTOR, [_VECTOR, _VECTOR]), "llvm.sadd.sat.v32i16"
    )
    return builder.call(function, values)


def _binary(name: str) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
        return getattr(builder, name)(*values)

    return operation(halves_type, (halves_type, halves_type), generate)


def _plus_one_where_above(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    count, value, limit = values
    is_above = builder.sext(builder.icmp_signed(">", value, limit), _VECTOR)
    return builder.sub(count, is_above)


joined = cast(
    "Callable[[Lanes, Lanes], Halves]",
    operation(halves_type, (lanes_type, lanes_type), _joined),
)
"""Saturate two times sixteen 32-bit numbers and put them one after the other."""
load_halves = cast("Callable[[int], Halves]", operation(halves_type, (types.int64,), _load))
store_halves = cast(
    "Callable[[int, Halves], None]", operation(types.none, (types.int64, halves_type), _store)
)
"""Store: (address, halves)."""
store_low_bytes = cast(
    "Callable[[int, Halves], None]",
    operation(types.none, (types.int64, halves_type), _store_bytes),
)
"""Store the low byte of each: (address, halves)."""
splat_halves = cast("Callable[[int], Halves]", operation(halves_type, (types.int64,), _splat))
"""Return halves that all hold one number."""
add_saturated = cast(
    "Callable[[Halves, Halves], Halves]",
    operation(halves_type, (halves_type, halves_type), _add_saturated),
)
subtract_halves = cast("Callable[[Halves, Halves], Halves]", _binary("sub"))
multiply_halves = cast("Callable[[Halves, Halves], Halves]", _binary("mul"))
shift_right_halves = cast("Callable[[Halves, Halves], Halves]", _binary("ashr"))
both_halves = cast("Callable[[Halves, Halves], Halves]", _binary("and_"))
plus_one_where_above = cast(
    "Callable[[Halves, Halves, Halves], Halves]",
    operation(halves_type, (halves_type,) * 3, _plus_one_where_above),
)
"""Return counts, one more where a value is above a limit: (counts, values, limits)."""

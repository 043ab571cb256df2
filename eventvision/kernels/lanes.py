"""Sixteen 32-bit numbers at once, for kernels that must not be left to the vectoriser.

Integer networks live from one instruction, the product of four unsigned with four signed bytes that
is added to a 32-bit sum (`vpdpbusd` of AVX-512 VNNI). Compilers do not find it in a loop, so it is
named here, beside the few vector operations that go with it. Where a processor has no such
instruction, the same sum is spelled out in instructions that all have; the numbers are the same.

A `Lanes` value lives in a register: kernels hold it in local variables and pass it on, but never
put it into an array. Loads and stores take raw addresses, need no alignment, and check nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 16
_I8, _I16, _I32, _I64, _F32 = (*map(ir.IntType, (8, 16, 32, 64)), ir.FloatType())
_VECTOR = ir.VectorType(_I32, LANES)
_FLOATS = ir.VectorType(_F32, LANES)


class LanesType(types.Type):
    """Numba's name for sixteen 32-bit numbers."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes_type = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


class Lanes:
    """What such a value is called in annotations."""


Generator = Callable[[Any, ir.IRBuilder, list[ir.Value]], ir.Value | None]


def operation(result: types.Type, arguments: tuple[types.Type, ...], generate: Generator) -> Any:
    """Make a function for kernels out of a generator of instructions.

    Args:
        result: What it returns.
        arguments: What it takes; integers of any width are converted.
        generate: Given numba's target, the builder and the arguments, emits the instructions.
    """
    signature = result(*arguments)

    def emit(target: Any, builder: ir.IRBuilder, _signature: Any, values: list[ir.Value]) -> Any:
        made = generate(target, builder, values)
        return target.get_dummy_value() if made is None else made

    # numba looks at the number of parameters, so every arity is spelled out
    makers: dict[int, Callable[..., Any]] = {
        0: lambda _typing: (signature, emit),
        1: lambda _typing, _a: (signature, emit),
        2: lambda _typing, _a, _b: (signature, emit),
        3: lambda _typing, _a, _b, _c: (signature, emit),
        4: lambda _typing, _a, _b, _c, _d: (signature, emit),
        8: lambda _typing, _a, _b, _c, _d, _e, _f, _g, _h: (signature, emit),
    }
    return intrinsic(makers[len(arguments)])


def splatted(builder: ir.IRBuilder, value: ir.Value, vector: ir.VectorType) -> ir.Value:
    """Return a vector that holds one value everywhere."""
    single = builder.insert_element(ir.Constant(vector, ir.Undefined), value, _I32(0))
    zeros = ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(single, ir.Constant(vector, ir.Undefined), zeros)


def load(builder: ir.IRBuilder, address: ir.Value, kind: ir.Type) -> ir.Value:
    """Load a value of any type from an address that need not be aligned."""
    value = builder.load(builder.inttoptr(address, kind.as_pointer()))
    value.align = 1
    return value


def store(builder: ir.IRBuilder, value: ir.Value, address: ir.Value) -> None:
    """Store a value of any type at an address that need not be aligned."""
    builder.store(value, builder.inttoptr(address, value.type.as_pointer())).align = 1


def has_features(target: Any, *names: str) -> bool:
    """Tell whether the processor that numba compiles for has AVX-512 and these features."""
    features = target.codegen()._tm_features.split(",")  # noqa: SLF001 - there is no public way
    return all(f"+{name}" in features for name in ("avx512f", *names))


def dot_of_bytes(
    target: Any, builder: ir.IRBuilder, sums: ir.Value, unsigned: ir.Value, signed: ir.Value
) -> ir.Value:
    """Add to each 32-bit sum four products of an unsigned with a signed byte; wraps around."""
    if has_features(target, "avx512vnni"):
        return _vnni(builder, sums, unsigned, signed)
    return _spelled_out(builder, sums, unsigned, signed)


def _vnni(builder: ir.IRBuilder, sums: ir.Value, unsigned: ir.Value, signed: ir.Value) -> ir.Value:
    # LLVM 22 gave it bytes as operands, and still reads the form that is older
    function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module,
        ir.FunctionType(_VECTOR, [_VECTOR, _VECTOR, _VECTOR]),
        "llvm.x86.avx512.vpdpbusd.512",
    )
    return builder.call(function, [sums, unsigned, signed])


def _spelled_out(
    builder: ir.IRBuilder, sums: ir.Value, unsigned: ir.Value, signed: ir.Value
) -> ir.Value:
    """Multiply even and odd bytes as 16-bit pairs, in the form that becomes `pmaddwd`."""
    pairs = ir.VectorType(_I16, 2 * LANES)
    eight = ir.Constant(pairs, [8] * 2 * LANES)
    low_byte = ir.Constant(pairs, [255] * 2 * LANES)
    values, weights = builder.bitcast(unsigned, pairs), builder.bitcast(signed, pairs)
    even = builder.and_(values, low_byte), builder.ashr(builder.shl(weights, eight), eight)
    odd = builder.lshr(values, eight), builder.ashr(weights, eight)
    for one, other in (even, odd):
        sums = builder.add(sums, _pair_sums(builder, one, other))
    return sums


def _pair_sums(builder: ir.IRBuilder, one: ir.Value, other: ir.Value) -> ir.Value:
    wide = ir.VectorType(_I32, 2 * LANES)
    products = builder.mul(builder.sext(one, wide), builder.sext(other, wide))
    halves = [
        builder.shuffle_vector(
            products, ir.Constant(wide, ir.Undefined),
            ir.Constant(_VECTOR, list(range(first, 2 * LANES, 2))),
        )
        for first in (0, 1)
    ]  # fmt: skip
    return builder.add(*halves)


def _loader(bits: int, *, is_signed: bool) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
        loaded = load(builder, values[0], ir.VectorType(ir.IntType(bits), LANES))
        if bits == 32:
            return loaded
        return (builder.sext if is_signed else builder.zext)(loaded, _VECTOR)

    return operation(lanes_type, (types.int64,), generate)


def _storer(bits: int) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> None:
        address, lanes = values
        narrow = ir.VectorType(ir.IntType(bits), LANES)
        store(builder, lanes if bits == 32 else builder.trunc(lanes, narrow), address)

    return operation(types.none, (types.int64, lanes_type), generate)


def _binary(name: str) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
        return getattr(builder, name)(*values)

    return operation(lanes_type, (lanes_type, lanes_type), generate)


def _selecting(comparison: str) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
        return builder.select(builder.icmp_signed(comparison, *values), *values)

    return operation(lanes_type, (lanes_type, lanes_type), generate)


def _splat(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return splatted(builder, builder.trunc(values[0], _I32), _VECTOR)


def _repeat_word(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return splatted(builder, load(builder, values[0], _I32), _VECTOR)


def _dot(target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return dot_of_bytes(target, builder, *values)


def _not_zero(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    words = load(builder, values[0], _VECTOR)
    flags = builder.icmp_signed("!=", words, ir.Constant(_VECTOR, [0] * LANES))
    return builder.zext(builder.bitcast(flags, _I16), _I64)


def _scaled(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    lanes, offset, factor = values
    offset, factor = builder.bitcast(offset, _FLOATS), builder.bitcast(factor, _FLOATS)
    shifted = builder.fadd(builder.sitofp(lanes, _FLOATS), offset)
    zero = ir.Constant(_FLOATS, [0.0] * LANES)
    positive = builder.select(builder.fcmp_ordered(">", shifted, zero), shifted, zero)
    return builder.fptosi(builder.fmul(positive, factor), _VECTOR)


def _counting(_target: Any, _builder: ir.IRBuilder, _values: list[ir.Value]) -> ir.Value:
    return ir.Constant(_VECTOR, list(range(LANES)))


def _load_word(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return builder.sext(load(builder, values[0], _I32), _I64)


def _store_chosen(target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> None:
    address, lanes, bits = values
    flags = ir.VectorType(ir.IntType(1), LANES)
    mask = builder.bitcast(builder.trunc(bits, _I16), flags)
    if has_features(target):
        compress = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(_VECTOR, [_VECTOR, _VECTOR, flags]),
            "llvm.x86.avx512.mask.compress.v16i32",
        )
        store(builder, builder.call(compress, [lanes, lanes, mask]), address)
        return
    pointer = _I32.as_pointer()
    compress = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module,
        ir.FunctionType(ir.VoidType(), [_VECTOR, pointer, flags]),
        "llvm.masked.compressstore.v16i32",
    )
    builder.call(compress, [lanes, builder.inttoptr(address, pointer), mask])


def _lowest(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))


def _reached(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    flags = builder.icmp_signed(">=", *values)
    return builder.zext(builder.bitcast(flags, _I16), _I64)


def _where(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    lanes, bits = values
    mask = builder.bitcast(builder.trunc(bits, _I16), ir.VectorType(ir.IntType(1), LANES))
    return builder.select(mask, lanes, ir.Constant(_VECTOR, [0] * LANES))


def _wide_share(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    lanes, factor, shift = values
    wide = ir.VectorType(_I64, LANES)
    product = builder.mul(builder.sext(lanes, wide), splatted(builder, factor, wide))
    return builder.trunc(builder.ashr(product, splatted(builder, shift, wide)), _VECTOR)


def _count_ones(_target: Any, builder: ir.IRBuilder, values: list[ir.Value]) -> ir.Value:
    return builder.ctpop(values[0])


load_u8 = cast("Callable[[int], Lanes]", _loader(8, is_signed=False))
load_i16 = cast("Callable[[int], Lanes]", _loader(16, is_signed=True))
load_i32 = cast("Callable[[int], Lanes]", _loader(32, is_signed=True))
store_u8 = cast("Callable[[int, Lanes], None]", _storer(8))
"""Store the low byte of each: (address, lanes)."""
store_i16 = cast("Callable[[int, Lanes], None]", _storer(16))
"""Store the low half of each: (address, lanes)."""
store_i32 = cast("Callable[[int, Lanes], None]", _storer(32))
"""Store: (address, lanes)."""
add = cast("Callable[[Lanes, Lanes], Lanes]", _binary("add"))
subtract = cast("Callable[[Lanes, Lanes], Lanes]", _binary("sub"))
multiply = cast("Callable[[Lanes, Lanes], Lanes]", _binary("mul"))
shift_left = cast("Callable[[Lanes, Lanes], Lanes]", _binary("shl"))
shift_right = cast("Callable[[Lanes, Lanes], Lanes]", _binary("ashr"))
both = cast("Callable[[Lanes, Lanes], Lanes]", _binary("and_"))
either = cast("Callable[[Lanes, Lanes], Lanes]", _binary("or_"))
smaller = cast("Callable[[Lanes, Lanes], Lanes]", _selecting("<"))
larger = cast("Callable[[Lanes, Lanes], Lanes]", _selecting(">"))
bits_reached = cast(
    "Callable[[Lanes, Lanes], int]", operation(types.int64, (lanes_type, lanes_type), _reached)
)
"""Return a bit for each number that is at least the other one."""
where_bits = cast(
    "Callable[[Lanes, int], Lanes]", operation(lanes_type, (lanes_type, types.int64), _where)
)
"""Return the numbers whose bits are set, and zeros: (lanes, bits)."""
share_of = cast(
    "Callable[[Lanes, int, int], Lanes]",
    operation(lanes_type, (lanes_type, types.int64, types.int64), _wide_share),
)
"""Return number * factor >> shift, the product in 64 bits: (lanes, factor, shift)."""
splat = cast("Callable[[int], Lanes]", operation(lanes_type, (types.int64,), _splat))
"""Return lanes that all hold one number."""
repeat_word = cast("Callable[[int], Lanes]", operation(lanes_type, (types.int64,), _repeat_word))
"""Return lanes that all hold the four bytes at an address."""
dot = cast(
    "Callable[[Lanes, Lanes, Lanes], Lanes]",
    operation(lanes_type, (lanes_type, lanes_type, lanes_type), _dot),
)
"""Add four byte products to each sum: (sums, unsigned bytes, signed bytes)."""
words_not_zero = cast("Callable[[int], int]", operation(types.int64, (types.int64,), _not_zero))
"""Return a bit for each of the 16 words at an address, set where the word is not zero."""
scaled = cast(
    "Callable[[Lanes, Lanes, Lanes], Lanes]",
    operation(lanes_type, (lanes_type, lanes_type, lanes_type), _scaled),
)
"""Return the whole part of max(0, number + offset) * factor, the last two being float32 bits."""
counting = cast("Callable[[], Lanes]", operation(lanes_type, (), _counting))
"""Return 0, 1, ... 15."""
load_word = cast("Callable[[int], int]", operation(types.int64, (types.int64,), _load_word))
"""Return the 32-bit number at an address."""
store_chosen = cast(
    "Callable[[int, Lanes, int], None]",
    operation(types.none, (types.int64, lanes_type, types.int64), _store_chosen),
)
"""Store the numbers whose bits are set side by side: (address, lanes, bits).

All 64 bytes there may be written; only the first ones mean something.
"""
count_bits = cast("Callable[[int], int]", operation(types.int64, (types.int64,), _count_ones))
"""Return how many bits are set."""
lowest_bit = cast("Callable[[int], int]", operation(types.int64, (types.int64,), _lowest))
"""Return the place of the lowest bit that is set; there must be one."""

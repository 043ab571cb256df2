"""Looking at 64 words at once: where each kind is, as the bits of a 64-bit number.

numba has no way to say "compare a vector and give me the mask", so these few functions are
written in LLVM's own terms; they compile to a handful of vector instructions on any processor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WORDS = 64
ALL = (1 << WORDS) - 1

_WORD = ir.IntType(16)
_VECTOR = ir.VectorType(_WORD, WORDS)
_MASK = ir.IntType(WORDS)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)


def _in_llvm(generator: Callable[..., Any]) -> Callable[..., Any]:
    return cast("Callable[..., Any]", intrinsic(generator))


def _lanes(numbers: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(ir.IntType(32), WORDS), numbers)


def _load(context: Any, builder: Any, kind: Any, array: Any, at: Any, vector: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.load(builder.bitcast(builder.gep(data, [at]), vector.as_pointer()), align=1)


def _alike(value: Any, builder: Any = None, kind: ir.VectorType = _VECTOR) -> Any:
    """Return a vector with one number, or one value of a function, in all lanes."""
    if isinstance(value, int):
        return ir.Constant(kind, [value] * WORDS)
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, undefined, _lanes([0] * WORDS))


def _larger(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.icmp_unsigned(">", one, other), one, other)


def _largest_so_far(builder: Any, vector: Any) -> Any:
    """Return in each lane the largest number of this lane and those before it."""
    for distance in (1, 2, 4, 8, 16, 32):
        lanes = _lanes([*range(WORDS - distance, 2 * WORDS - distance)])
        vector = _larger(builder, builder.shuffle_vector(_alike(0), vector, lanes), vector)
    return vector


@_in_llvm
def evt3_masks(_: Any, words: Any, _at: Any, _time_high: Any) -> Any:
    """Tell the kinds of 64 EVT3 words that begin at a place.

    Takes uint16 words, their place and the TIME_HIGH word that changes nothing. Returns masks of

    - single events; bit 0 is the first word;
    - rows, low times, and low times of 2048 and above; bit 63 is the first word, so that the
      latest row before an event is the lowest bit set above the event;
    - words that are none of these, nor that TIME_HIGH; bit 63 is the first word.
    """
    masks: Any = cast("Any", types).Tuple([types.uint64] * 5)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, place, high = arguments
        ahead = _load(context, builder, signature.args[0], array, place, _VECTOR)
        back = builder.shuffle_vector(ahead, _UNDEFINED, _lanes([*range(WORDS)][::-1]))
        one = builder.insert_element(_UNDEFINED, high, ir.Constant(ir.IntType(32), 0))
        highs = builder.shuffle_vector(one, _UNDEFINED, _lanes([0] * WORDS))

        def mask(vector: Any, shift: int, value: int) -> Any:
            shifts, values = (ir.Constant(_VECTOR, [n] * WORDS) for n in (shift, value))
            equal = builder.icmp_unsigned("==", builder.lshr(vector, shifts), values)
            return builder.bitcast(equal, _MASK)

        rows, lows = mask(back, 12, 0), mask(back, 12, 6)
        known = builder.or_(builder.or_(rows, lows), mask(back, 12, 2))
        same_high = builder.bitcast(builder.icmp_unsigned("==", back, highs), _MASK)
        others = builder.not_(builder.or_(known, same_high))
        found = [mask(ahead, 12, 2), rows, lows, mask(back, 11, 0b01101), others]
        return context.make_tuple(builder, signature.return_type, found)

    return masks(words, types.intp, types.uint16), generate


@_in_llvm
def evt3_skimmed(_: Any, words: Any, _at: Any, _high: Any, _low: Any, _w: Any, _h: Any) -> Any:
    """Look for whatever is remarkable in 64 EVT3 words that begin at a place.

    Takes uint16 words, their place, the TIME_HIGH word that changes nothing, the latest low time,
    and columns and rows of the sensor. Returns masks, bit 0 the first word, of

    - words that are rows and single events on the sensor, low times that do not fall, or that
      TIME_HIGH; right up to the first that is none of these;
    - single events, rows, and low times.
    """
    masks: Any = cast("Any", types).Tuple([types.uint64] * 4)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, place, *scalars = arguments
        given = _load(context, builder, signature.args[0], array, place, _VECTOR)
        high, latest, width, height = (_alike(scalar, builder) for scalar in scalars)
        kinds = builder.lshr(given, _alike(12))
        single, row, low = (builder.icmp_unsigned("==", kinds, _alike(n)) for n in (2, 0, 6))
        limit = builder.select(row, height, builder.select(single, width, _alike(0xFFFF)))
        inside = builder.icmp_unsigned("<", builder.and_(given, _alike(0x7FF)), limit)
        value = builder.and_(given, _alike(0xFFF))
        reached = _largest_so_far(builder, builder.select(low, value, _alike(0)))
        reached = _larger(builder, latest, reached)
        ordered = builder.or_(builder.not_(low), builder.icmp_unsigned("==", value, reached))
        same_high = builder.icmp_unsigned("==", given, high)
        known = builder.or_(builder.or_(single, row), builder.or_(low, same_high))
        good = builder.and_(builder.and_(known, inside), ordered)
        found = [builder.bitcast(mask, _MASK) for mask in (good, single, row, low)]
        return context.make_tuple(builder, signature.return_type, found)

    return masks(words, types.intp, *[types.uint16] * 4), generate


@_in_llvm
def evt2_skimmed(_: Any, words: Any, _at: Any, _high: Any, _late: Any, _w: Any, _h: Any) -> Any:
    """Look for whatever is remarkable in 64 EVT2 words that begin at a place.

    Takes uint32 words, their place, the latest TIME_HIGH word, how many us after it the last
    event came (uint16), and columns and rows of the sensor (uint32). Returns masks, bit 0 the
    first word, of

    - events on the sensor in the order of time, and TIME_HIGH words that do not fall and are
      less than 64 ahead of the one given; right up to the first that is none of these;
    - events, and TIME_HIGH words.
    """
    masks: Any = cast("Any", types).Tuple([types.uint64] * 3)
    wide = ir.VectorType(ir.IntType(32), WORDS)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, place, high, late, *size = arguments
        given = _load(context, builder, signature.args[0], array, place, wide)
        width, height = (_alike(side, builder, wide) for side in size)

        def bits(shift: int, mask: int) -> Any:
            return builder.and_(
                builder.lshr(given, _alike(shift, kind=wide)), _alike(mask, kind=wide)
            )

        is_event = builder.icmp_unsigned("<", given, _alike(2 << 28, kind=wide))
        ahead = builder.sub(given, _alike(high, builder, wide))
        is_high = builder.icmp_unsigned("<", ahead, _alike(WORDS, kind=wide))
        on_sensor = builder.and_(
            builder.icmp_unsigned("<", bits(11, 0x7FF), width),
            builder.icmp_unsigned("<", bits(0, 0x7FF), height),
        )
        base = builder.trunc(builder.shl(ahead, _alike(6, kind=wide)), _VECTOR)
        base = builder.select(is_high, base, _alike(0))
        based = _largest_so_far(builder, base)
        t = builder.add(based, builder.trunc(bits(22, 0x3F), _VECTOR))
        t = builder.select(is_event, t, _alike(0))
        latest = _larger(builder, _alike(late, builder), _largest_so_far(builder, t))
        event = builder.and_(
            builder.and_(is_event, on_sensor), builder.icmp_unsigned("==", t, latest)
        )
        rising = builder.and_(is_high, builder.icmp_unsigned("==", base, based))
        found = [builder.or_(event, rising), is_event, is_high]
        found = [builder.bitcast(mask, _MASK) for mask in found]
        return context.make_tuple(builder, signature.return_type, found)

    kinds = [types.intp, types.uint32, types.uint16, types.uint32, types.uint32]
    return masks(words, *kinds), generate


@_in_llvm
def evt2_others(_: Any, words: Any, _at: Any) -> Any:
    """Return where 64 EVT2 words (uint32) are not events; bit 0 is the first word."""
    signature = types.uint64(words, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(32), WORDS)
        ahead = _load(context, builder, signature.args[0], arguments[0], arguments[1], vector)
        least = ir.Constant(vector, [2 << 28] * WORDS)
        return builder.bitcast(builder.icmp_unsigned(">=", ahead, least), _MASK)

    return signature, generate


@_in_llvm
def trailing_zeros(_: Any, _number: Any) -> Any:
    """Return the place of the lowest bit set, 64 where none is."""
    zero_is_defined = ir.Constant(ir.IntType(1), 0)

    def generate(_c: Any, builder: Any, _s: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], zero_is_defined)

    return types.uint64(types.uint64), generate


@_in_llvm
def leading_zeros(_: Any, _number: Any) -> Any:
    """Return how many bits lie above the highest bit set, 64 where none is."""
    zero_is_defined = ir.Constant(ir.IntType(1), 0)

    def generate(_c: Any, builder: Any, _s: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], zero_is_defined)

    return types.uint64(types.uint64), generate


@_in_llvm
def bits_set(_: Any, _number: Any) -> Any:
    """Return how many bits are set."""

    def generate(_c: Any, builder: Any, _s: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate

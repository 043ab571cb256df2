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

"""Events moved and checked several at a time.

Events are pairs of 64-bit words, times in the even lanes of a vector and pixels in the odd ones;
the times before are the same vector one event earlier. numba would load lane by lane, so this is
written in LLVM's own terms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

EVENTS_AT_ONCE = 8

_LANES = 2 * EVENTS_AT_ONCE
_EVENT_BYTES = 16
_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(_WORD, _LANES)

_one_event_earlier = ir.Constant(
    ir.VectorType(ir.IntType(32), _LANES), [*range(_LANES - 2, 2 * _LANES - 2)]
)
"""Lanes of two vectors in a row that hold the events just before those of the second."""


def _alternate(even: int, odd: int) -> ir.Constant:
    return ir.Constant(_VECTOR, [even, odd] * EVENTS_AT_ONCE)


def _alike(builder: Any, value: Any) -> Any:
    """Return a vector with one value in all lanes."""
    one = builder.insert_element(
        ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
    )
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)
    return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)


def _load(builder: Any, address: Any) -> Any:
    value = builder.load(builder.inttoptr(address, _VECTOR.as_pointer()))
    value.align = 1
    return value


def _time_before(builder: Any, address: Any) -> Any:
    """Return the time of the event in front of an address."""
    place = builder.sub(address, ir.Constant(_WORD, _EVENT_BYTES))
    value = builder.load(builder.inttoptr(place, _WORD.as_pointer()))
    value.align = 1
    return value


def move_blocks(meaning: int, longest_step_us: int) -> Callable[[int, int, int, int, int], int]:
    """Return what moves blocks of `EVENTS_AT_ONCE` events and checks them.

    It takes the address to write to, the address to read from (the event before is looked at, and
    the two may overlap if the first is at least 16 bytes lower), the number of blocks, the largest
    x and the largest y. The number that it returns is negative if a time is negative, lies before
    or too long after the one before it, or if a pixel lies outside.

    Args:
        meaning: Which bits of an event's second word are kept.
        longest_step_us: Longest time between two events.
    """

    def move(_c: Any, _to: Any, _source: Any, _blocks: Any, _column: Any, _row: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            to, *others = arguments
            return _over_blocks(builder, longest_step_us, others, to, meaning)

        return types.int64(*[types.int64] * 5), generate

    return cast("Callable[[int, int, int, int, int], int]", intrinsic(move))


def check_blocks(longest_step_us: int) -> Callable[[int, int, int, int], int]:
    """Return what checks blocks of events as `move_blocks` does, without moving them.

    It takes the address to read from, the number of blocks, the largest x and the largest y.

    Args:
        longest_step_us: Longest time between two events.
    """

    def check(_c: Any, _source: Any, _blocks: Any, _column: Any, _row: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return _over_blocks(builder, longest_step_us, arguments)

        return types.int64(*[types.int64] * 4), generate

    return cast("Callable[[int, int, int, int], int]", intrinsic(check))


def _over_blocks(
    builder: Any, longest_step_us: int, arguments: Sequence[Any], to: Any = None, meaning: int = 0
) -> Any:
    """Write a loop over blocks; `to` is None where nothing is moved. Return the signs it finds."""
    source, blocks, column, row = arguments
    columns, rows = _alike(builder, column), _alike(builder, row)
    longest = _alternate(longest_step_us, longest_step_us)
    low, sixteen = _alternate(0xFFFF, 0xFFFF), _alternate(16, 16)
    found = _variable(builder, _alternate(0, 0))
    last = _variable(builder, _alike(builder, _time_before(builder, source)))
    with cgutils.for_range(builder, blocks) as loop:
        at = builder.mul(loop.index, ir.Constant(_WORD, _EVENT_BYTES * EVENTS_AT_ONCE))
        events = _load(builder, builder.add(source, at))
        before = builder.shuffle_vector(builder.load(last), events, _one_event_earlier)
        builder.store(events, last)
        step = builder.sub(events, before)
        in_time = builder.or_(builder.or_(events, step), builder.sub(longest, step))
        x = builder.and_(events, low)
        y = builder.and_(builder.lshr(events, sixteen), low)
        inside = builder.or_(builder.sub(columns, x), builder.sub(rows, y))
        signs = builder.or_(
            builder.and_(in_time, _alternate(-1, 0)), builder.and_(inside, _alternate(0, -1))
        )
        builder.store(builder.or_(builder.load(found), signs), found)
        if to is not None:
            target = builder.inttoptr(builder.add(to, at), _VECTOR.as_pointer())
            builder.store(builder.and_(events, _alternate(-1, meaning)), target).align = 1
    return _joined(builder, builder.load(found))


def _variable(builder: Any, value: Any) -> Any:
    return cast("Any", cgutils).alloca_once_value(builder, value)


def _joined(builder: Any, lanes: Any) -> Any:
    """Return all lanes of a vector, joined by OR."""
    result = ir.Constant(_WORD, 0)
    for lane in range(_LANES):
        number = ir.Constant(ir.IntType(32), lane)
        result = builder.or_(result, builder.extract_element(lanes, number))
    return result

"""How events leave the pixels: with delays, and over a bus that reads line after line.

A pixel that has fired waits, its event latched, until the bus reads its line (a row or a column);
all events of a line leave together, with the time of the reading. While it waits, what the pixel
would have said next is lost. So an overloaded bus makes events late, then lost, and never later
than the time that the whole array takes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .exact import draw_bell

FREE, LAST = -2, -1
"""Instead of a pixel's successor in the queue of its line: it does not wait, or is the last."""

BUS_DTYPE = np.dtype(
    [
        ("pass_us", "<f8"),
        ("line_us", "<f8"),
        ("event_us", "<f8"),
        ("free_us", "<f8"),
        ("lost", "<i8"),
        ("line", "<i4"),
        ("waiting", "<i4"),
        ("waiting_lines", "<i4"),
        ("lone_line", "<i4"),
        ("by_columns", "?"),
    ],
    align=True,
)
"""Character and state of a bus.

pass_us: time to pass a line; 0 for an arbiter, which goes to the next line with events at once;
line_us: time that reading a line takes, and event_us, for each of its events in addition; free_us:
until when it is busy; lost: events lost so far; line: where it is; waiting: events that wait;
waiting_lines: lines they wait in; lone_line: the line in which all wait, if it is known;
by_columns: whether lines are columns.
"""

_MOST_DEVIATIONS = 3.4642


@kernel
def delay_events(events: NDArray[np.void], deviation_us: float, seed: int) -> None:
    """Delay each event by a time of its own, which depends on the event and the seed alone.

    Args:
        events: Shape (N,), `EVENT_DTYPE`; times are changed in place and lose their order.
        deviation_us: Standard deviation of the delays, which lie between 0 and 6.93 times it,
            close to normal.
        seed: Whole number, not negative.
    """
    for index in range(events.size):
        event = events[index]
        place = (np.uint64(event.y) << np.uint64(17)) | (np.uint64(event.x) << np.uint64(1))
        key = (np.uint64(event.t) << np.uint64(34)) ^ place ^ np.uint64(event.on)
        state, _ = draw_bell(key ^ (np.uint64(seed) * np.uint64(0xD1342543DE82EF95)))
        state, deviation = draw_bell(state ^ np.uint64(event.t))
        event.t += np.int64(deviation_us * max(0.0, deviation + _MOST_DEVIATIONS))


@kernel
def read_out(
    arrivals: NDArray[np.void],
    bus: NDArray[np.void],
    heads: NDArray[np.int32],
    tails: NDArray[np.int32],
    successors: NDArray[np.int32],
    polarities: NDArray[np.bool_],
    t1_us: int,
    width: int,
    events: NDArray[np.void],
) -> int:
    """Run the bus until `t1_us`.

    Args:
        arrivals: Shape (N,), `EVENT_DTYPE`, ordered by time, all before `t1_us`.
        bus: Shape (1,), `BUS_DTYPE`; changed in place, as are the next four.
        heads: Shape (lines,): first pixel that waits in each line, or `LAST` if none.
        tails: Shape (lines,): the last one.
        successors: Shape (pixels,): which pixel of the line comes after this one; `FREE`, `LAST`.
        polarities: Shape (pixels,): what the pixels that wait will say.
        t1_us: Up to when.
        width: Pixels in a row.
        events: Buffer of at least as many events as arrive and wait.

    Returns:
        Number of events written, ordered by time of reading; the rest waits in the queues.
    """
    state = bus[0]
    lines = heads.size
    now, line = state.free_us, state.line
    taken = written = 0
    while True:
        then = now + state.pass_us
        while taken < arrivals.size and (arrivals[taken].t <= then or then >= t1_us):
            arrival = arrivals[taken]
            taken += 1
            pixel = np.int32(arrival.y) * width + np.int32(arrival.x)
            if successors[pixel] != FREE:
                state.lost += 1
                continue
            own = np.int32(arrival.x if state.by_columns else arrival.y)
            if heads[own] == LAST:
                heads[own] = pixel
                state.lone_line = own if state.waiting_lines == 0 else LAST
                state.waiting_lines += 1
            else:
                successors[tails[own]] = pixel
            tails[own], successors[pixel], polarities[pixel] = pixel, LAST, arrival.on
            state.waiting += 1
        if state.waiting == 0:
            if taken == arrivals.size:
                break
            idle_us = np.float64(arrivals[taken].t) - now
            if state.pass_us > 0.0:
                passed = np.int64(np.divide(idle_us, state.pass_us)) + 1
                line = np.int32((line + passed) % lines)
                now += passed * state.pass_us
            else:
                now += idle_us
            continue
        if then >= t1_us:
            break
        target = np.int32((line + 1) % lines)
        if state.pass_us == 0.0:
            if state.waiting_lines == 1 and state.lone_line >= 0:
                target = state.lone_line
            while heads[target] == LAST:
                target = np.int32((target + 1) % lines)
        now, line = then, target
        if heads[line] == LAST:
            continue
        head = heads[line]
        before = written
        while head >= 0:
            event = events[written]
            event.t, event.on = np.int64(now), polarities[head]
            event.x, event.y = head % width, head // width
            written += 1
            following = successors[head]
            successors[head] = FREE
            head = following
        heads[line] = LAST
        state.waiting_lines -= 1
        state.lone_line = LAST
        state.waiting -= written - before
        now += state.line_us + (written - before) * state.event_us
    state.free_us, state.line = now, line
    return written

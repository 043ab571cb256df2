"""Threshold crossings of whole pixel arrays, counted and not listed, and added to planes.

The batched simulator does this with tensors on a GPU; on a CPU a loop is several times as fast,
because most pixels need one comparison.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import arithmetic

_TINY = np.float32(1e-12)


@arithmetic
def follow(
    before: NDArray[np.float32],
    level: NDArray[np.float32],
    turn: NDArray[np.float32],
    decay: NDArray[np.float32],
    follower_turn: NDArray[np.float32],
    leak_per_us: NDArray[np.float32],
    span_us: NDArray[np.float32],
    received: NDArray[np.float32],
    followed: NDArray[np.float32],
    change: NDArray[np.float32],
) -> None:
    """Pass log intensity, linear in time, through photoreceptors and source followers.

    Args:
        before: Shape (clips, pixels): log intensity at the start of the sub-step.
        level: Same shape: at its end.
        turn: Same shape: corner of the photoreceptor times the duration.
        decay: Same shape: exp(-turn).
        follower_turn: Shape (clips,): corner of the source follower times the duration.
        leak_per_us: Shape (clips, pixels).
        span_us: Shape (clips,): the duration.
        received: Shape (clips, pixels): output of the photoreceptor; changed in place.
        followed: Same shape: output of the source follower; changed in place.
        change: Same shape; written: by how much the output changed, with the leak.
    """
    one = np.float32(1)
    for clip in range(level.shape[0]):
        fade = np.float32(np.exp(-follower_turn[clip]))
        late = (one - fade) / follower_turn[clip]
        span = span_us[clip]
        for i in range(level.shape[1]):
            start, end, d = before[clip, i], level[clip, i], decay[clip, i]
            first, second = received[clip, i], followed[clip, i]
            then = end - (end - start) * ((one - d) / turn[clip, i]) + (first - start) * d
            after = then - (then - first) * late + (second - first) * fade
            received[clip, i], followed[clip, i] = then, after
            change[clip, i] = after - second + leak_per_us[clip, i] * span


@arithmetic
def cross(
    change: NDArray[np.float32],
    potential: NDArray[np.float32],
    rest_us: NDArray[np.float32],
    on: NDArray[np.float32],
    off: NDArray[np.float32],
    refractory_us: NDArray[np.float32],
    span_us: NDArray[np.float32],
    reset_noise: NDArray[np.float32],
    bell: NDArray[np.float32],
    counts: NDArray[np.float32],
    when: NDArray[np.float32],
) -> None:
    """Move potentials by a change that is linear in time, and count the events.

    Args:
        change: Shape (clips, pixels): by how much the level changes within the sub-step.
        potential: Same shape; changed in place.
        rest_us: Same shape: how long each pixel is still held in reset; changed in place.
        on: Same shape: thresholds for ON events.
        off: Same shape: those for OFF events, also positive.
        refractory_us: Shape (clips,).
        span_us: Shape (clips,): duration of the sub-step.
        reset_noise: Shape (clips,): deviation of the potential after a reset.
        bell: Shape (clips, pixels): normal deviates.
        counts: Shape (clips, pixels); written: numbers of events, negative for OFF.
        when: Same shape; written where there are events: their mean time, 0 to 1.
    """
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    for clip in range(change.shape[0]):
        span, refractory, noise = span_us[clip], refractory_us[clip], reset_noise[clip]
        for i in range(change.shape[1]):
            moved, before, rest = change[clip, i], potential[clip, i], rest_us[clip, i]
            ahead = before + moved
            counts[clip, i] = zero
            if rest <= zero and -off[clip, i] < ahead < on[clip, i]:
                potential[clip, i] = ahead
                continue
            sign = one if moved > zero else -one
            size = max(abs(moved), _TINY)
            period = on[clip, i] if moved > zero else off[clip, i]
            need = period - before * sign
            waited = min(rest / span, one)
            reach = size * (one - waited)
            lost = size * (refractory / span)
            period += lost
            if reach < need:
                potential[clip, i] = before + sign * reach
                rest_us[clip, i] = max(rest - span, zero)
                continue
            number = np.float32(np.floor((reach - need) / period)) + one
            earlier = (number - one) * period
            left = reach - need - earlier
            potential[clip, i] = sign * max(left - lost, zero) + noise * bell[clip, i]
            rest_us[clip, i] = max(lost - left, zero) / size * span
            counts[clip, i] = sign * number
            when[clip, i] = min((half * earlier + need) / size + waited, one)


@arithmetic
def add_signed(
    counts: NDArray[np.float32],
    when: NDArray[np.float32],
    rows: NDArray[np.int64],
    start: NDArray[np.float32],
    span: NDArray[np.float32],
    planes: NDArray[np.float32],
) -> None:
    """Share signed counts between the plane before and the plane after them.

    Args:
        counts: Shape (clips, pixels).
        when: Same shape: mean times within the sub-step.
        rows: Shape (clips,): the plane before, in `planes`.
        start: Shape (clips,): where between the planes the sub-step starts, 0 to 1.
        span: Shape (clips,): how much of the way between them it takes.
        planes: Shape (rows, pixels); added to.
    """
    for clip in range(counts.shape[0]):
        row = rows[clip]
        for i in range(counts.shape[1]):
            count = counts[clip, i]
            if count != np.float32(0):
                late = count * (start[clip] + span[clip] * when[clip, i])
                planes[row, i] += count - late
                planes[row + 1, i] += late


@arithmetic
def add_split(
    counts: NDArray[np.float32], rows: NDArray[np.int64], planes: NDArray[np.float32]
) -> None:
    """Add OFF counts to one plane and ON counts to the next.

    Args:
        counts: Shape (clips, pixels), negative for OFF.
        rows: Shape (clips,): the plane of OFF counts, in `planes`.
        planes: Shape (rows, pixels); added to.
    """
    for clip in range(counts.shape[0]):
        row = rows[clip]
        for i in range(counts.shape[1]):
            count = counts[clip, i]
            if count > np.float32(0):
                planes[row + 1, i] += count
            elif count < np.float32(0):
                planes[row, i] -= count


@arithmetic
def add_numbers(
    counts: NDArray[np.float32], rows: NDArray[np.int64], planes: NDArray[np.float32]
) -> None:
    """Add the numbers of events, of either polarity, to one plane per clip."""
    for clip in range(counts.shape[0]):
        row = rows[clip]
        for i in range(counts.shape[1]):
            count = counts[clip, i]
            if count != np.float32(0):
                planes[row, i] += abs(count)

"""Run a whole integer network in one call.

The network is a table, one row per fused operation (`integer_fields`). Every operation forms 32-bit
sums for a stretch of a row and finishes them at once; several threads share the rows of each
operation and meet before the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import integer_fields as f
from ._jit import inline, kernel
from ._memory import copy_16, load_u8, load_u16, store_u8, store_u16
from .integer_finish import finish
from .integer_sums import fill_dense, fill_depthwise, fill_pool, fill_sum
from .rendezvous import meet

_COPIED_AT_ONCE = 16


@kernel
def run_program(
    program: NDArray[np.int64],
    terms: NDArray[np.int64],
    scratch: int,
    extra: int,
    counter: int,
    met: int,
    thread: int,
    threads: int,
) -> None:
    """Run all operations; call it once in each of the threads, at the same time.

    Args:
        program: Shape (operations, FIELDS).
        terms: Shape (n, 4), what the sums add up.
        scratch: Address of this thread's memory for sums.
        extra: Address of this thread's memory for columns and lists of a convolution's input.
        counter: Address of a 64-bit number that all threads share, 0 before the first call.
        met: How often the threads have met there in earlier calls.
        thread: Number of this thread, from 0.
        threads: How many there are.
    """
    for number in range(program.shape[0]):
        op = program[number]
        rows = op[f.ROWS]
        for row in range(rows * thread // threads, rows * (thread + 1) // threads):
            if op[f.KIND] == f.COPY:
                _copy(op, row)
            elif op[f.KIND] == f.SHUFFLE:
                _shuffle(op, row)
            else:
                _run_row(op, row, terms, scratch, extra)
        if threads > 1:
            meet(counter, threads, met + number + 1)


@inline
def _run_row(
    op: NDArray[np.int64], row: int, terms: NDArray[np.int64], scratch: int, extra: int
) -> None:
    kind, segment = op[f.KIND], op[f.SEGMENT]
    for first in range(0, op[f.COLUMNS], segment):
        count = min(segment, op[f.COLUMNS] - first)
        if kind == f.DENSE:
            fill_dense(op, row, first, count, scratch, extra)
        elif kind == f.DEPTHWISE:
            fill_depthwise(op, row, first, count, scratch, extra)
        elif kind == f.SUM:
            fill_sum(op, row, first, count, scratch, terms)
        else:
            fill_pool(op, row, first, count, scratch)
        finish(op, row, first, count, scratch)


@inline
def _copy(op: NDArray[np.int64], row: int) -> None:
    """Copy a row pixel by pixel, each value as often as `FACTOR_UP` says."""
    factor, size = op[f.FACTOR_UP], op[f.BYTES]
    source = op[f.SOURCE] + row // factor * op[f.SOURCE_ROW]
    result = op[f.RESULT] + row * op[f.RESULT_ROW]
    whole = size - size % _COPIED_AT_ONCE
    for x in range(op[f.COLUMNS]):
        origin = source + x // factor * op[f.SOURCE_STEP]
        target = result + x * op[f.RESULT_STEP]
        for byte in range(0, whole, _COPIED_AT_ONCE):
            copy_16(target + byte, origin + byte)
        for byte in range(whole, size):
            store_u8(target + byte, load_u8(origin + byte))


@inline
def _shuffle(op: NDArray[np.int64], row: int) -> None:
    """Gather a row of a finer picture from the channels of a coarser one."""
    factor, size = op[f.FACTOR_UP], op[f.BYTES]
    source = op[f.SOURCE] + row // factor * op[f.SOURCE_ROW]
    result = op[f.RESULT] + row * op[f.RESULT_ROW]
    for x in range(op[f.COLUMNS]):
        part = row % factor * factor + x % factor
        origin = source + x // factor * op[f.SOURCE_STEP] + part * size
        target = result + x * op[f.RESULT_STEP]
        for channel in range(op[f.WORDS]):
            if size == 1:
                store_u8(target + channel, load_u8(origin + channel * factor * factor))
            else:
                store_u16(target + 2 * channel, load_u16(origin + 2 * channel * factor * factor))

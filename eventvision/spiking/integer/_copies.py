"""Operations of a compiled integer network that only put values elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels import integer_fields as f

from ._buffers import Buffer
from ._nodes import Concat, PixelShuffle, Places, Upsample

Op = NDArray[np.int64]


def placing_ops(
    node: Upsample | PixelShuffle | Concat | Places, before: list[Buffer], target: Buffer
) -> list[Op]:
    """Return the operations of a node.

    Args:
        node: The node.
        before: Tensors that it reads.
        target: What it gives.
    """
    match node:
        case Upsample():
            return [copy_op(before[0], target, node.factor)]
        case PixelShuffle():
            return [_shuffle_op(before[0], target, node.factor)]
        case Concat():
            return _side_by_side(before, target)
        case Places():
            return _one_below_the_other(before, target)


def copy_op(source: Buffer, target: Buffer, factor: int = 1) -> Op:
    """Return the operation that copies a tensor, every value so often in both directions."""
    op = np.zeros(f.FIELDS, np.int64)
    op[f.KIND], op[f.FACTOR_UP] = f.COPY, factor
    op[f.ROWS], op[f.COLUMNS] = target.shape.height, target.shape.width
    op[f.SOURCE], op[f.SOURCE_ROW], op[f.SOURCE_STEP] = (
        source.address(), source.row_bytes, source.pixel_bytes,
    )  # fmt: skip
    op[f.BYTES] = source.shape.channels * source.item
    put_result(op, target)
    return op


def put_result(op: Op, target: Buffer) -> None:
    """Let an operation write to a tensor."""
    op[f.RESULT] = target.address()
    op[f.RESULT_ROW], op[f.RESULT_STEP] = target.row_bytes, target.pixel_bytes


def _shuffle_op(source: Buffer, target: Buffer, factor: int) -> Op:
    op = copy_op(source, target, factor)
    op[f.KIND], op[f.WORDS], op[f.BYTES] = f.SHUFFLE, target.shape.channels, target.item
    return op


def _side_by_side(before: list[Buffer], target: Buffer) -> list[Op]:
    """Put channels one after another."""
    ops, channel = [], 0
    for source in before:
        op = copy_op(source, target)
        op[f.RESULT] += channel * target.item
        channel += source.shape.channels
        ops.append(op)
    return ops


def _one_below_the_other(before: list[Buffer], target: Buffer) -> list[Op]:
    """Put all pixels into one column."""
    ops, place = [], 0
    for source in before:
        op, shape = copy_op(source, target), source.shape
        op[f.ROWS], op[f.COLUMNS] = shape.height, shape.width
        op[f.RESULT] += place * target.row_bytes
        op[f.RESULT_ROW], op[f.RESULT_STEP] = shape.width * target.row_bytes, target.row_bytes
        place += shape.height * shape.width
        ops.append(op)
    return ops

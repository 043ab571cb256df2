"""Compile an integer model for a size of input into the table that the kernels run.

Currents are rarely written down. A convolution, the residual that is added to it, and the neuron
that receives the sum become one operation, wherever the graph allows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels import integer_fields as f
from eventvision.kernels.integer_sums import ROOM_AFTER_A_LIST

from ._buffers import Buffer, aligned, buffer_for
from ._copies import copy_op, placing_ops, put_result
from ._layout import (
    Sums,
    as_conv,
    dense_sums,
    depthwise_sums,
    filled,
    leaks_of,
    limits_of,
    vectors_of,
)
from ._model import IntegerModel
from ._nodes import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    PixelShuffle,
    Places,
    Pool,
    Readout,
    Requantise,
    Upsample,
    inputs_of,
)
from ._shapes import Shape
from ._sparse import Sparse, sparse_below

_SUMS_BYTES = 32_768
_LEAST_SEGMENT = 16
_VECTOR_BYTES = 64
_MOST_LIMITS = 8
"""Levels up to which comparing with each is quicker than dividing."""


@dataclass(eq=False)
class Program:
    """A compiled network and all its memory.

    Attributes:
        table: Shape (operations, FIELDS), int64.
        terms: Shape (n, 4), int64.
        buffers: Tensors that exist, by name of their node.
        states: Potentials, and what delays keep, by name of the node.
        scratch_bytes: What each thread needs for sums.
        extra_bytes: What each thread needs for columns and lists of a convolution's input.
        kept: Arrays that the table points to.
    """

    table: NDArray[np.int64]
    terms: NDArray[np.int64]
    buffers: dict[str, Buffer]
    states: dict[str, Buffer]
    scratch_bytes: int
    extra_bytes: int
    kept: list[NDArray[np.generic]] = field(default_factory=list)


def compile_model(model: IntegerModel, shapes: Mapping[str, Shape], sparse: Sparse) -> Program:
    """Compile a model.

    Args:
        model: The network.
        shapes: What `IntegerModel.shapes` gave.
        sparse: Whether convolutions visit spikes only.
    """
    return _Compiler(model, shapes, sparse).compiled()


class _Compiler:
    def __init__(self, model: IntegerModel, shapes: Mapping[str, Shape], sparse: Sparse) -> None:
        self._model, self._shapes, self._sparse = model, shapes, sparse
        self._buffers: dict[str, Buffer] = {}
        self._states: dict[str, Buffer] = {}
        self._kept: list[NDArray[np.generic]] = []
        self._ops: list[NDArray[np.int64]] = []
        self._terms: list[tuple[int, int, int, int]] = []
        self._done: set[str] = set()
        self._extra_bytes = 0

    def compiled(self) -> Program:
        for node in self._model.nodes:
            if node.name not in self._done:
                self._add(node)
        for node in self._model.nodes:
            if isinstance(node, Delay):
                self._ops.append(copy_op(self._buffers[node.input], self._buffers[node.name]))
        table = np.array(self._ops, np.int64).reshape(-1, f.FIELDS)
        scratch = table[:, f.SEGMENT] * table[:, f.VECTORS] * _VECTOR_BYTES
        return Program(
            table=table,
            terms=np.array(self._terms, np.int64).reshape(-1, 4),
            buffers=self._buffers,
            states=self._states,
            scratch_bytes=int(scratch.max(initial=_VECTOR_BYTES)),
            extra_bytes=max(self._extra_bytes, _VECTOR_BYTES),
            kept=self._kept,
        )

    def _add(self, node: Node) -> None:
        match node:
            case Input():
                self._buffer(node.name)
            case Output():
                self._buffers[node.name] = self._buffers[node.input]
            case Conv2d() | Linear():
                self._add_sums(node)
            case Add():
                self._add_sum_of(node)
            case Neuron() | Readout() | Requantise():
                op = self._new_op(node)
                self._set_terms(op, (node.input,), (0,))
                self._finish_with(op, node)
                self._ops.append(op)
            case Pool():
                self._add_pool(node)
            case Upsample() | PixelShuffle() | Concat() | Places():
                before = [self._buffers[name] for name in inputs_of(node)]
                self._ops += placing_ops(node, before, self._buffer(node.name))
            case Delay():
                self._states[node.name] = self._buffer(node.name)
        self._done.add(node.name)

    def _buffer(self, name: str) -> Buffer:
        if name not in self._buffers:
            self._buffers[name] = buffer_for(self._model, name, self._shapes[name])
        return self._buffers[name]

    def _keep(self, array: NDArray[np.generic]) -> int:
        """Copy parameters to where they stay, and return the address."""
        kept = aligned(array.size, array.dtype)
        kept[:] = array.reshape(-1)
        self._kept.append(kept)
        return int(kept.ctypes.data)

    def _new_op(self, node: Node) -> NDArray[np.int64]:
        """Begin an operation that forms currents of a node's shape from sums as they are."""
        op = np.zeros(f.FIELDS, np.int64)
        shape = self._shapes[node.name]
        vectors = vectors_of(shape.channels)
        op[f.ROWS], op[f.COLUMNS], op[f.VECTORS] = shape.height, shape.width, vectors
        segment = max(_LEAST_SEGMENT, _SUMS_BYTES // (vectors * _VECTOR_BYTES))
        op[f.SEGMENT] = min(shape.width, segment)
        nothing = self._keep(np.zeros(4 * vectors * 16, np.int32))
        op[f.BIAS] = op[f.SHIFT] = op[f.LEAK] = op[f.LEAK_HALVES] = nothing
        return op

    def _add_sums(self, node: Conv2d | Linear) -> None:
        op = self._new_op(node)
        source = self._buffers[node.input]
        shape = source.shape
        conv = node if isinstance(node, Conv2d) else as_conv(node, *shape.array)
        vertical, horizontal = conv.stride
        height, width = conv.weight.shape[2:]
        op[f.SOURCE] = source.address(conv.padding)
        op[f.SOURCE_ROW], op[f.SOURCE_STEP] = (
            vertical * source.row_bytes, horizontal * source.pixel_bytes,
        )  # fmt: skip
        op[f.RUNS], op[f.RUN_PITCH], op[f.PIXEL_PITCH] = (
            height, source.row_bytes, source.pixel_bytes,
        )  # fmt: skip
        if conv.is_depthwise and source.pitch % 16 == 0:
            op[f.KIND], op[f.WORDS] = f.DEPTHWISE, width
            sums = depthwise_sums(conv, source.flip)
            covered = (int(op[f.SEGMENT]) - 1) * horizontal + width
            self._extra_bytes = max(self._extra_bytes, covered * _VECTOR_BYTES)
        else:
            op[f.KIND], op[f.WORDS] = f.DENSE, -(-width * source.pitch // 4)
            sums = dense_sums(conv, source.pitch, source.flip)
            list_words = int(op[f.RUNS] * op[f.WORDS]) + ROOM_AFTER_A_LIST
            self._extra_bytes = max(self._extra_bytes, 2 * 4 * list_words)
            op[f.SPARSE_BELOW] = self._sparse_limit(op, source)
        self._set_sums(op, sums)
        self._finish_chain(op, node)

    def _sparse_limit(self, op: NDArray[np.int64], source: Buffer) -> int:
        if source.flip:
            return 0
        return sparse_below(self._sparse, *(int(op[at]) for at in (f.RUNS, f.WORDS, f.VECTORS)))

    def _set_sums(self, op: NDArray[np.int64], sums: Sums) -> None:
        op[f.WEIGHTS] = self._keep(sums.weights)
        op[f.BIAS], op[f.SHIFT] = self._keep(sums.bias), self._keep(sums.shift)
        if sums.left is not None:
            op[f.LEFT] = self._keep(sums.left)

    def _finish_chain(self, op: NDArray[np.int64], node: Node) -> None:
        """Take in the residual and the neuron that follow, and emit the operation."""
        tail = self._with_residual(op, node)
        readers = self._model.readers(tail.name)
        finishers = [r for r in readers if isinstance(r, Neuron | Readout | Requantise)]
        if len(readers) > 1 or not finishers:
            current = self._buffer(tail.name)
            op[f.CURRENT], op[f.CURRENT_ROW] = current.address(), current.row_bytes
        if finishers:
            self._finish_with(op, finishers[0])
            self._done.add(finishers[0].name)
        self._ops.append(op)

    def _with_residual(self, op: NDArray[np.int64], node: Node) -> Node:
        """Fold in the addition that is the only reader, if its other input is there already."""
        readers = self._model.readers(node.name)
        if len(readers) != 1 or not isinstance(readers[0], Add) or isinstance(node, Add):
            return node
        add = readers[0]
        others = [name for name in add.inputs if name != node.name]
        if len(add.inputs) != 2 or len(others) != 1 or others[0] not in self._buffers:
            return node
        if others[0] not in self._done:
            return node
        own = add.inputs.index(node.name)
        other = self._buffers[others[0]]
        op[f.OTHER], op[f.OTHER_ROW] = other.address(), other.row_bytes
        op[f.OWN_SHIFT], op[f.OTHER_SHIFT] = add.shifts[own], add.shifts[1 - own]
        self._done.add(add.name)
        return add

    def _add_sum_of(self, node: Add) -> None:
        op = self._new_op(node)
        self._set_terms(op, node.inputs, node.shifts)
        if self._shapes[node.name].dtype == "uint8":
            self._narrow_to(op, self._buffer(node.name), 0)
            self._ops.append(op)
        else:
            self._finish_chain(op, node)

    def _set_terms(
        self, op: NDArray[np.int64], names: tuple[str, ...], shifts: tuple[int, ...]
    ) -> None:
        op[f.KIND], op[f.TERMS], op[f.RUNS] = f.SUM, len(self._terms), len(names)
        for name, shift in zip(names, shifts, strict=True):
            term = self._buffers[name]
            self._terms.append((term.address(), term.row_bytes, term.item, shift))

    def _add_pool(self, node: Pool) -> None:
        op = self._new_op(node)
        source = self._buffers[node.input]
        size = node.size or (source.shape.height, source.shape.width)
        vertical, horizontal = node.stride or size
        op[f.KIND] = f.POOL_MAX if node.kind == "max" else f.POOL_SUM
        op[f.SOURCE] = source.address(node.padding)
        op[f.SOURCE_ROW] = vertical * source.row_bytes
        op[f.SOURCE_STEP] = horizontal * source.pixel_bytes
        op[f.RUNS], op[f.WORDS] = size
        op[f.RUN_PITCH], op[f.PIXEL_PITCH] = source.row_bytes, source.pixel_bytes
        lanes = int(op[f.VECTORS]) * 16
        op[f.BIAS] = self._keep(np.full(lanes, (1 << node.shift) >> 1, np.int32))
        op[f.SHIFT] = self._keep(np.full(lanes, node.shift, np.int32))
        self._narrow_to(op, self._buffer(node.name), 0)
        self._ops.append(op)

    def _finish_with(self, op: NDArray[np.int64], node: Neuron | Readout | Requantise) -> None:
        buffer = self._buffer(node.name)
        if isinstance(node, Requantise):
            self._narrow_to(op, buffer, node.shift)
            return
        potential = buffer
        if isinstance(node, Neuron):
            shape = self._shapes[node.name]._replace(dtype="int16")
            potential = buffer_for(self._model, node.name, shape)
            self._fire_with(op, node, buffer)
        else:
            op[f.FINISH] = f.READ
        self._states[node.name] = potential
        op[f.POTENTIAL], op[f.POTENTIAL_ROW] = potential.address(), potential.row_bytes
        if node.leak is not None:
            leaks = leaks_of(node.leak, potential.shape.channels)
            op[f.LEAK], op[f.LEAK_HALVES] = self._keep(leaks), self._keep(leaks.astype(np.int16))

    def _fire_with(self, op: NDArray[np.int64], node: Neuron, spikes: Buffer) -> None:
        op[f.FINISH], op[f.LEVELS] = f.FIRE, node.levels
        threshold = node.threshold.astype(np.float32)
        op[f.THRESHOLD] = self._keep(filled(node.threshold, np.int32, 1))
        op[f.THRESHOLD_HALVES] = self._keep(filled(node.threshold, np.int16, 1))
        if node.levels <= _MOST_LIMITS:
            op[f.LIMITS] = self._keep(limits_of(node))
        op[f.OFFSET] = self._keep(filled(node.offset + np.float32(0.5), np.float32))
        op[f.FACTOR] = self._keep(filled(np.float32(1) / threshold, np.float32))
        put_result(op, spikes)

    def _narrow_to(self, op: NDArray[np.int64], buffer: Buffer, shift: int) -> None:
        is_signed = buffer.shape.dtype == "int8"
        op[f.FINISH] = f.NARROW_SIGNED if is_signed else f.NARROW_UNSIGNED
        op[f.NARROW_SHIFT] = shift
        put_result(op, buffer)

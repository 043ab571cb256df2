"""Networks in the form in which kernels run them: padded arrays and a table of addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels import graph_fields as f

from ._network import GraphLayer, GraphNetwork

LANES = 16
_GROUP = 4


def padded(channels: int) -> int:
    """Round up to a multiple of 16."""
    return -(-channels // LANES) * LANES


@dataclass(slots=True)
class Program:
    """The layers of a network, ready to run.

    Attributes:
        ops: (layers, FIELDS), see `kernels.graph_fields`.
        offsets: Offset of each kind of neighbour.
        record_bytes: Size of a record without the last layer, which no neighbour asks for.
        fresh_bytes: Size with it.
        width: Padded channels of the last layer.
        feature: Type of a feature.
    """

    ops: NDArray[np.int64]
    offsets: NDArray[np.int64]
    record_bytes: int
    fresh_bytes: int
    width: int
    feature: np.dtype[Any]
    _kept: list[NDArray[Any]] = field(default_factory=list)

    @classmethod
    def of(cls, network: GraphNetwork) -> Program:
        """Pack a network of ReLU layers."""
        count = len(network.layers)
        feature = np.dtype(np.uint8 if network.is_integer else np.float32)
        widths = [padded(layer.outputs) for layer in network.layers]
        starts = np.concatenate([[0], np.cumsum(widths)]) * feature.itemsize
        program = cls(
            ops=np.zeros((count, f.FIELDS), np.int64),
            offsets=np.repeat(np.arange(len(network.rules.offsets())), network.rules.ages),
            record_bytes=int(starts[-2]),
            fresh_bytes=int(starts[-1]),
            width=widths[-1],
            feature=feature,
        )
        for number, layer in enumerate(network.layers):
            op = program.ops[number]
            op[f.OUTPUTS], op[f.TO] = widths[number], starts[number]
            op[f.IS_MAX] = layer.aggregate == "max"
            if number == 0:
                program._first(op, layer)
            else:
                op[f.INPUTS], op[f.FROM] = widths[number - 1], starts[number - 1]
                program._later(op, layer, is_integer=network.is_integer)
            if layer.shift is not None:
                program._rounding(op, layer.shift)
        return program

    def _first(self, op: NDArray[np.int64], layer: GraphLayer) -> None:
        """Sum up all that a polarity, a place and an age can say."""
        wide = np.int32 if layer.shift is not None else np.float32
        table = layer.place[:, :, None].astype(wide) + layer.weight[:, None].astype(wide)
        op[f.TABLE] = self._keep(table, wide)
        op[f.BIAS] = self._keep(layer.root.astype(wide) + layer.bias, wide)

    def _later(self, op: NDArray[np.int64], layer: GraphLayer, *, is_integer: bool) -> None:
        wide = np.int32 if is_integer else np.float32
        op[f.TABLE] = self._keep(layer.place, wide)
        op[f.BIAS] = self._keep(layer.bias, wide)
        pack = _grouped if is_integer else _rows
        op[f.WEIGHT] = self._keep(pack(layer.weight), layer.weight.dtype, pad=False)
        op[f.ROOT] = self._keep(pack(layer.root[None]), layer.root.dtype, pad=False)

    def _rounding(self, op: NDArray[np.int64], shift: NDArray[np.int32]) -> None:
        op[f.SHIFT] = self._keep(shift, np.int32)
        op[f.HALF] = self._keep((1 << shift) >> 1, np.int32)

    def _keep(self, array: NDArray[Any], kind: Any, *, pad: bool = True) -> int:
        """Keep an array, its last axis padded to whole vectors, and return its address."""
        if pad:
            more = padded(array.shape[-1]) - array.shape[-1]
            array = np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, more)])
        array = np.ascontiguousarray(array, kind)
        self._kept.append(array)
        return int(array.ctypes.data)


def _rows(weight: NDArray[Any]) -> NDArray[Any]:
    """Pad (offsets, inputs, outputs) to whole vectors both ways."""
    return np.pad(weight, [(0, 0), *((0, padded(size) - size) for size in weight.shape[1:])])


def _grouped(weight: NDArray[Any]) -> NDArray[Any]:
    """Bring (offsets, inputs, outputs) into groups of four inputs side by side."""
    rows = _rows(weight)
    offsets, inputs, outputs = rows.shape
    return rows.reshape(offsets, inputs // _GROUP, _GROUP, outputs).swapaxes(2, 3)

"""The parts of a graph network as differentiable functions; on a CPU the loops are numba's."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from eventvision.kernels import graph_gradients as loops

from ._edges import TensorEdges


def row_sums(table: Tensor, edges: TensorEdges) -> Tensor:
    """Sum rows of a table, (kinds * 2, outputs), over neighbours -> (N, outputs)."""
    if _suits_loops(table):
        result: Tensor = _RowSums.apply(table, edges)  # type: ignore[no-untyped-call]
        return result
    rows = table[edges.kinds.long()] * edges.there
    return rows.sum(1)


def message_sums(features: Tensor, weight: Tensor, table: Tensor, edges: TensorEdges) -> Tensor:
    """Sum features @ weight[offset] + table[kind] over neighbours -> (N, outputs).

    Args:
        features: (N, inputs).
        weight: (offsets, inputs, outputs).
        table: (kinds, outputs).
        edges: Who they are.
    """
    if _suits_loops(features, weight, table):
        result: Tensor = _MessageSums.apply(features, weight, table, edges)  # type: ignore[no-untyped-call]
        return result
    return messages(features, weight, table, edges).mul(edges.there).sum(1)


def messages(features: Tensor, weight: Tensor, table: Tensor, edges: TensorEdges) -> Tensor:
    """Return every message: (N, most, outputs); those of no neighbour mean nothing."""
    kinds = edges.kinds.long() >> 1
    offsets = edges.offsets[kinds]
    found = table[kinds]
    for offset in range(len(weight)):
        which, place = (offsets == offset).nonzero(as_tuple=True)
        sent = features[edges.sources[which, place].long()] @ weight[offset]
        found = found.index_put((which, place), sent, accumulate=True)
    return found


def largest(sent: Tensor, edges: TensorEdges) -> Tensor:
    """Return the largest message by channel, 0 where there is none: (N, outputs)."""
    lowest = torch.finfo(sent.dtype).min
    found = sent.masked_fill(~edges.there.bool(), lowest).amax(1)
    return torch.where(edges.counts[:, None] > 0, found, torch.zeros_like(found))


def fire(current: Tensor, edges: TensorEdges, left: Tensor, width: float = 1.0) -> Tensor:
    """Let nodes fire: potentials leak, take in currents (N, channels) and fire at 1.

    Args:
        current: What comes in.
        edges: Say which event came before at the same pixel.
        left: What is left of that event's potential, (N,).
        width: Of the triangle that stands for the derivative of a spike; resets have none.

    Returns:
        Spikes, 0 or 1, (N, channels).
    """
    result: Tensor = _Fire.apply(current, edges, left, width)  # type: ignore[no-untyped-call]
    return result


def _suits_loops(*tensors: Tensor) -> bool:
    """Tell whether numba's loops take these: on the CPU, float32, whole vectors."""
    return all(
        t.device.type == "cpu" and t.dtype == torch.float32 and t.shape[-1] % 16 == 0
        for t in tensors
    )


class _RowSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, edges: TensorEdges) -> Tensor:
        ctx.edges, ctx.rows = edges, len(table)
        out = table.new_empty(len(edges.counts), table.shape[1])
        arrays = edges.arrays
        loops.sum_rows(_array(table), arrays.kinds, arrays.counts, out.numpy())
        return out

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        table = slope.new_zeros(ctx.rows, slope.shape[1])
        arrays = ctx.edges.arrays
        loops.sum_rows_back(_array(slope), arrays.kinds, arrays.counts, table.numpy())
        return table, None


class _MessageSums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, table: Tensor, edges: TensorEdges
    ) -> Tensor:
        ctx.save_for_backward(features, weight)
        ctx.edges, ctx.kinds = edges, len(table)
        out = features.new_empty(len(features), weight.shape[2])
        a = edges.arrays
        loops.sum_messages(
            _array(features), _array(weight), _array(table), a.sources, a.kinds, a.counts,
            edges.offsets.numpy(), out.numpy(),
        )  # fmt: skip
        return out

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        features, weight = ctx.saved_tensors
        a = ctx.edges.arrays
        features_slope, weight_slope = torch.zeros_like(features), torch.zeros_like(weight)
        table_slope = slope.new_zeros(ctx.kinds, slope.shape[1])
        loops.sum_messages_back(
            _array(slope), _array(features), _array(weight.transpose(1, 2)), a.sources, a.kinds,
            a.counts, ctx.edges.offsets.numpy(), features_slope.numpy(), weight_slope.numpy(),
            table_slope.numpy(),
        )  # fmt: skip
        return features_slope, weight_slope, table_slope, None


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, current: Tensor, edges: TensorEdges, left: Tensor, width: float
    ) -> Tensor:
        potential, spikes = torch.empty_like(current), torch.empty_like(current)
        ctx.save_for_backward(left, potential)
        ctx.edges, ctx.width = edges, width
        loops.fire(
            _array(current), edges.arrays.previous, left.numpy(), potential.numpy(), spikes.numpy()
        )
        return spikes

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None, None]:
        left, potential = ctx.saved_tensors
        out = torch.zeros_like(slope)
        loops.fire_back(
            _array(slope), ctx.edges.arrays.previous, left.numpy(), potential.numpy(), ctx.width,
            out.numpy(),
        )  # fmt: skip
        return out, None, None, None


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().numpy()

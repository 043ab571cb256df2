"""How a sequence of steps lies in memory, so that kernels may take it as rows of neurons."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Layout:
    """The order in which the axes of a step lie in memory.

    Kernels do not care which neuron is which, so any layout serves in which steps follow one
    another and a step has no gaps: channels-last works as well as channels-first. All else is
    copied.

    Attributes:
        axes: Axes of a sequence (T, N, C, ...), slowest first; the first is 0.
        inner: How many neurons lie between one channel and the next.
    """

    axes: tuple[int, ...]
    inner: int

    @classmethod
    def of(cls, x: Tensor) -> Layout:
        """Return the layout of a sequence, or that of its copy if it has gaps."""
        strides, shape = x.stride(), x.shape
        axes = (0, *sorted(range(1, x.ndim), key=lambda axis: (-strides[axis], -shape[axis])))
        if not x.permute(axes).is_contiguous():
            axes = tuple(range(x.ndim))
        faster = axes[axes.index(2) + 1 :] if x.ndim > 2 else ()
        inner = 1
        for axis in faster:
            inner *= x.shape[axis]
        return cls(axes, inner)

    def pack(self, x: Tensor) -> Tensor:
        """Return a sequence as a contiguous tensor with axes in memory order; copied if need be."""
        return x.permute(self.axes).contiguous()

    def pack_step(self, x: Tensor) -> Tensor:
        """Return one step as a contiguous tensor with axes in memory order."""
        return x.permute([axis - 1 for axis in self.axes[1:]]).contiguous()

    def unpack(self, x: Tensor) -> Tensor:
        """Undo `pack`, without a copy."""
        return x.permute([self.axes.index(axis) for axis in range(x.ndim)])

    def unpack_step(self, x: Tensor) -> Tensor:
        """Undo `pack_step`, without a copy."""
        return x.permute([self.axes.index(axis + 1) - 1 for axis in range(x.ndim)])

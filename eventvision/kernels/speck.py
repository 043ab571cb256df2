"""What a core of a Speck chip does with spikes: every one is spread over the windows it lies in.

Two ways to fire. `scatter` only adds up, so that all neurons fire together when a step ends, as the
integer simulator defines it. `cascade` fires at once, spike by spike, as the clockless chip does.
Weights are (in channel, row, column, out channel) and potentials (row, column, out channel), so
that what a spike touches lies in a row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

_LOW, _HIGH = -(2**15), 2**15 - 1


@kernel
def scatter(
    spikes: NDArray[np.int32],
    weight: NDArray[np.int8],
    stride: tuple[int, int],
    padding: tuple[int, int],
    sums: NDArray[np.int32],
) -> int:
    """Add the weights that spikes reach to the sums of a step.

    Args:
        spikes: Shape (spikes, 4): channel, row, column, how often.
        weight: Shape (in channels, height, width, out channels).
        stride: Vertical and horizontal.
        padding: Rows and columns of zeros at each side.
        sums: Shape (rows, columns, out channels); added to.

    Returns:
        The number of additions on the chip, which adds a spike as often as it comes.
    """
    _, height, width, outs = weight.shape
    rows, columns, _ = sums.shape
    operations = 0
    for index in range(len(spikes)):
        channel, count = spikes[index, 0], spikes[index, 3]
        down, right = spikes[index, 1] + padding[0], spikes[index, 2] + padding[1]
        for i in range(height):
            row = (down - i) // stride[0]
            if down < i or row * stride[0] != down - i or row >= rows:
                continue
            for j in range(width):
                column = (right - j) // stride[1]
                if right < j or column * stride[1] != right - j or column >= columns:
                    continue
                for out in range(outs):
                    sums[row, column, out] += weight[channel, i, j, out] * count
                operations += count * outs
    return operations


@kernel
def cascade(
    spikes: NDArray[np.int32],
    first: int,
    weight: NDArray[np.int8],
    stride: tuple[int, int],
    padding: tuple[int, int],
    threshold: int,
    potential: NDArray[np.int16],
    fired: NDArray[np.int32],
) -> tuple[int, int, int]:
    """Let spikes come in one after another; a neuron that reaches its threshold fires at once.

    Args:
        spikes: As for `scatter`, in the order of their arrival.
        first: The spike to begin with.
        weight: As for `scatter`.
        stride: As for `scatter`.
        padding: As for `scatter`.
        threshold: Of all neurons; taken off when one fires.
        potential: Shape (rows, columns, out channels); updated.
        fired: Room for spikes that go out, shape (room, 4); filled in the order of firing.

    Returns:
        The spike to go on with (their number, if all are done; less, if room ran short), how many
        went out, and the number of additions.
    """
    _, height, width, outs = weight.shape
    rows, columns, _ = potential.shape
    number, operations = 0, 0
    for index in range(first, len(spikes)):
        channel, count = spikes[index, 0], spikes[index, 3]
        if number + count * height * width * outs > len(fired):
            return index, number, operations
        down, right = spikes[index, 1] + padding[0], spikes[index, 2] + padding[1]
        for _ in range(count):
            for i in range(height):
                row = (down - i) // stride[0]
                if down < i or row * stride[0] != down - i or row >= rows:
                    continue
                for j in range(width):
                    column = (right - j) // stride[1]
                    if right < j or column * stride[1] != right - j or column >= columns:
                        continue
                    operations += outs
                    for out in range(outs):
                        charged = int(potential[row, column, out]) + weight[channel, i, j, out]
                        charged = min(max(int(charged), _LOW), _HIGH)
                        if charged >= threshold:
                            charged -= threshold
                            fired[number, 0], fired[number, 1] = out, row
                            fired[number, 2], fired[number, 3] = column, 1
                            number += 1
                        potential[row, column, out] = charged
    return len(spikes), number, operations

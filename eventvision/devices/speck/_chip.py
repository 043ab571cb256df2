"""What a Speck chip has: nine cores of different sizes, and how a layer counts in them.

Limits as SynSense publishes them for Speck 2e and 2f, which are alike in all of this.
"""

from __future__ import annotations

from dataclasses import dataclass

_KI = 1024


@dataclass(frozen=True, slots=True)
class Core:
    """A core, which holds one layer.

    Attributes:
        number: As the chip's configuration counts them.
        weights: Words of its weight memory, 8 bits each.
        neurons: Words of its neuron memory, 16 bits each.
        biases: Words of its bias memory.
    """

    number: int
    weights: int
    neurons: int
    biases: int = _KI

    @property
    def name(self) -> str:
        """As reports call it."""
        return f"core {self.number}"


_SIZES_KI = (
    (16, 64),
    (16, 64),
    (16, 64),
    (32, 32),
    (32, 32),
    (64, 16),
    (64, 16),
    (16, 16),
    (16, 16),
)
"""Weights and neurons by core."""

CORES = tuple(
    Core(number, weights * _KI, neurons * _KI)
    for number, (weights, neurons) in enumerate(_SIZES_KI)
)
LARGEST_INPUT = 128
LARGEST_OUTPUT = 64
MOST_CHANNELS = 1024
LARGEST_KERNEL = 16
STRIDES = (1, 2, 4, 8)
LARGEST_PADDING = 7
POOLS = (1, 2, 4)
MOST_DESTINATIONS = 2
"""Cores that a core, or the sensor, can send its spikes to."""
WEIGHT_RANGE = (-128, 127)
"""Of weights, and of biases."""
OVERLOAD_PER_S = 30_000_000
"""Synaptic operations of a core in a second from which on it is called overloaded.

The makers state no figure; this is a cautious one. A core that is too busy stalls without a word:
its events come late, in stripes.
"""


def bits_for(number: int) -> int:
    """Return how many bits count so many things.

    >>> [bits_for(number) for number in (1, 2, 3, 32, 33)]
    [0, 1, 2, 5, 6]
    """
    return (number - 1).bit_length()

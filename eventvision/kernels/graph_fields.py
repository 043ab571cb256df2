"""What a row of a graph's program means: one layer, as its kernels read it.

All numbers are int64; channels are counted after padding to a multiple of 16, addresses are those
of arrays that the owner of the program keeps, and features of a node (its record) are the outputs
of its layers, one after the other.
"""

from __future__ import annotations

from typing import Any

Whole = Any
"""A whole number in a kernel: an int or one of numpy's, which numba takes alike and mypy not."""

INPUTS = 0
"""Channels that come in; 0 for the first layer, which takes the polarity."""
OUTPUTS = 1
"""Channels that go out."""
TABLE = 2
"""What a neighbour's place and age add: (kinds, outputs); with its polarity in the first layer,
(kinds * 2, outputs)."""
WEIGHT = 3
"""What a neighbour's features are multiplied by: (offsets, inputs, outputs), in the integer form
bytes (offsets, inputs / 4, outputs, 4)."""
ROOT = 4
"""The same for the event's own features: (inputs, outputs) or (inputs / 4, outputs, 4)."""
BIAS = 5
"""What is added: (outputs,); in the first layer (2, outputs), by the event's polarity."""
IS_MAX = 6
"""1 where the largest message counts, 0 where the sum does."""
FROM = 7
"""Where in a record the inputs lie, in bytes."""
TO = 8
"""Where in a record the outputs lie, in bytes."""
SHIFT = 9
"""Integer form: how far sums are shifted to the right, int32, (outputs,)."""
HALF = 10
"""Integer form: what is added before, for rounding, int32, (outputs,)."""
FIELDS = 11

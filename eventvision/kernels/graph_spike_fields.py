"""What a row of a spiking graph's program means.

Places are byte offsets: the potential in a pixel's potentials, all others in `values`, whose
numbers have four bytes. Channels that go out are multiples of 16.
"""

from __future__ import annotations

OUTPUTS = 0
"""Channels that go out."""
INPUTS = 1
"""Channels that come in; the first layer needs none."""
WEIGHT = 2
"""(offsets, inputs, outputs); in the first layer (kinds * 2, outputs)."""
ROOT = 3
"""(inputs, outputs); the first layer has it in its bias."""
BIAS = 4
"""(outputs,); in the first layer (2, outputs), by the event's polarity."""
THRESHOLD = 5
"""(outputs,)."""
POTENTIAL = 6
"""Where in a pixel's potentials those of the layer are."""
CHANNELS = 7
"""Channels that go out, without those that fill up the last sixteen."""
FIELDS = 8

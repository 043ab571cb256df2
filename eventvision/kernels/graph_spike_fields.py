"""What a row of a spiking graph's program means; all but the channels are places in `values`."""

from __future__ import annotations

INPUTS = 0
"""Channels that come in."""
OUTPUTS = 1
"""Channels that go out."""
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
FIELDS = 7

"""What an operation of a compiled integer network is told: one row of 64-bit numbers.

Addresses are of buffers that whoever makes the row keeps alive; pitches are in bytes. Sixteen-bit
tensors and 8-bit tensors lie as (row, column, channel), with the channels filled up to a multiple
of 16, so that no loop has a tail. 8-bit tensors have a rim as wide as the largest padding of their
readers. An int8 tensor is stored as the value plus 128, its rim as 128.
"""

from __future__ import annotations

KIND = 0
"""How sums are formed, or `COPY` or `SHUFFLE`."""
ROWS = 1
COLUMNS = 2
VECTORS = 3
"""Vectors of 16 channels in a pixel of the result."""
SEGMENT = 4
"""Most pixels whose sums are held at once."""

SOURCE = 5
"""Address of the first window."""
SOURCE_ROW = 6
"""From the window of one output row to that of the next."""
SOURCE_STEP = 7
"""From the window of one output pixel to that of the next."""
RUNS = 8
"""Rows of a window."""
RUN_PITCH = 9
"""From one row of the input to the next."""
WORDS = 10
"""Groups of four bytes in a row of a window; in `DEPTHWISE` and pools, its columns."""
PIXEL_PITCH = 11
"""From one pixel of the input to the next."""
WEIGHTS = 12
SPARSE_BELOW = 13
"""`DENSE` visits only words that are not zero where fewer than so many of 1024 are not."""
TERMS = 14
"""Address of the rows of a sum: address, row pitch, bytes of a value, shift to the left."""

BIAS = 15
"""Address of int32, with half a unit of what is shifted away."""
SHIFT = 16
"""Address of int32."""
OTHER = 17
"""Address of an int16 tensor that is added; 0 for none."""
OTHER_ROW = 18
OTHER_SHIFT = 19
OWN_SHIFT = 20
CURRENT = 21
"""Where the int16 current is stored; 0 for nowhere."""
CURRENT_ROW = 22

FINISH = 23
"""What is made of the current."""
POTENTIAL = 24
"""Address of an int16 tensor."""
POTENTIAL_ROW = 25
LEAK = 26
"""Address of int32: shifts of the first term, their masks (0 where nothing leaks, else -1), and the
same of the second term, each for all channels."""
LEAK_HALVES = 27
"""The same as int16."""
THRESHOLD = 28
"""Address of int32."""
OFFSET = 29
"""Address of float32: the neuron's offset plus a half."""
FACTOR = 30
"""Address of float32: one divided by the threshold."""
LEVELS = 31
LIMITS = 38
"""Address of int16, shape (levels, channels): what a potential must be above for each spike; 0
where there are so many levels that dividing is quicker."""
NARROW_SHIFT = 32
RESULT = 33
"""Address of the 8-bit result, or of what is copied."""
RESULT_ROW = 34
RESULT_STEP = 35
FACTOR_UP = 36
"""How often `COPY` repeats a value in each direction; how much finer `SHUFFLE` makes a picture."""
BYTES = 37
"""What `COPY` copies of each pixel, what `SHUFFLE` copies at once: a value."""

THRESHOLD_HALVES = 39
"""Address of the thresholds as int16."""

LEFT = 40
"""Address of int32, how far sums are shifted left; 0 where none is."""

FIELDS = 41

DENSE, DEPTHWISE, SUM, POOL_SUM, POOL_MAX, COPY, SHUFFLE = range(7)
"""Values of `KIND`."""
NOTHING, FIRE, READ, NARROW_UNSIGNED, NARROW_SIGNED = range(5)
"""Values of `FINISH`."""

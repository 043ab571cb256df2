"""Slices that end when a spiking network says so.

The stream is cut into short cells of equal time. Of each cell a small spiking network sees how many
events fell into blocks of pixels, OFF and ON, and answers with a current for one last neuron, whose
potential adds up what the cells bring; when it reaches the threshold, the neuron fires and the
slice ends (SpikeSlicer, Cao et al., NeurIPS 2024). The network runs on whatever device its session
is on. The last neuron lives here: its threshold follows the scene slowly, so that slices come at
the rate that was asked for whatever the camera's biases.

While the network's device is away, cells bring nothing and slices end by time.

With whole numbers for weights and counts the current is the same on every device to the last bit,
and so are the slices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from eventvision.core import DeviceError, Packet, SensorSize, Session, Slice, SliceEnd
from eventvision.kernels.cell_counts import count_blocks
from eventvision.kernels.words import as_words

from ._pending import Pending, known_until

BLOCK_SHIFT = 3
"""Blocks are 8 pixels wide and high."""

MOST_COUNT = 15.0
"""More events than this in a block of a cell count as this many, so that no pixel rules alone."""

CELL_INPUT = "cell"
CURRENT_OUTPUT = "current"
"""Names of the network's input, (1, 2, rows, columns), and of its output, which is summed."""

_GAIN, _FIRST_GAIN = 0.03, 1.0
_MOST_DRIFT = 1024.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerSettings:
    """When slices end.

    Attributes:
        rate_hz: Mean rate of slices while there are events.
        threshold: Potential that ends a slice, per block of the scene, at `rate_hz`; with `adapts`
            it is where the threshold begins.
        cell_us: Length of a cell.
        shortest_us: No spike ends a slice before.
        longest_us: Every slice ends by then; rounded down to whole cells.
        most_events: Every slice ends with this event.
        adapts: Whether the threshold follows the scene so that the mean rate is held.

    Raises:
        ValueError: If one is out of range.
    """

    rate_hz: float = 30.0
    threshold: float = 1.0
    cell_us: int = 2_000
    shortest_us: int = 2_000
    longest_us: int = 100_000
    most_events: int = 2_000_000
    adapts: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.rate_hz <= 10_000:
            raise ValueError(f"rate must be above 0 and at most 10000 Hz, got {self.rate_hz:g}")
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise ValueError(f"threshold must be positive, got {self.threshold:g}")
        if not 0 < self.cell_us <= self.longest_us or self.shortest_us > self.longest_us:
            raise ValueError(
                "a cell and the shortest slice must be at most as long as the longest slice, got "
                f"{self.cell_us}, {self.shortest_us} and {self.longest_us} us"
            )
        if self.most_events < 1:
            raise ValueError(f"most_events must be positive, got {self.most_events}")


def grid_of(sensor: SensorSize) -> tuple[int, int]:
    """Return how many rows and columns of blocks a sensor has."""
    block = 1 << BLOCK_SHIFT
    return -(-sensor.height // block), -(-sensor.width // block)


class SliceByTrigger:
    """Cut a stream where a spiking network fires.

    Cells lie on a grid of time that begins with the first event of the stream, so a recording
    shifted in time has the same slices, shifted. A slice reaches from its first event to the end of
    the cell in which it ended, or to 1 us after its last event if there were too many; the next
    one begins with the next event, and the network begins anew. `Slice.potential` holds the
    potential after each cell as a share of the threshold: 1 fires.

    Args:
        sensor: Size of the pixel array.
        session: The network: `cell`, float32 (1, 2, rows, columns), to `current`, of any
            shape: what parts of the scene bring, to be summed. Closed by whoever opened it.
        settings: When slices end.
    """

    def __init__(
        self, sensor: SensorSize, session: Session, settings: TriggerSettings | None = None
    ) -> None:
        settings = settings or TriggerSettings()
        rows, columns = grid_of(sensor)
        self._session, self._settings = session, settings
        self._counts = np.zeros((1, 2, rows, columns), np.float32)
        self._blocks = rows * columns
        self._most_cells = settings.longest_us // settings.cell_us
        self._least_cells = -(-settings.shortest_us // settings.cell_us)
        self._pending = Pending(sensor)
        self._start_anew()

    @property
    def threshold(self) -> float:
        """The potential that ends a slice now, per block of the scene."""
        return self._threshold

    def push(self, packet: Packet) -> Iterator[Slice]:
        """Take a packet and yield the slices that are over; exhaust it before the next push.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        pending, data = self._pending, packet.events.data
        pending.take_frames(packet)
        words, start = as_words(data), 0
        while start < data.size or len(pending):
            if not len(pending):
                self._begin(int(data["t"][start]))
            stop = start + int(np.searchsorted(data["t"][start:], self._cell_end_us))
            stop = min(stop, start + self._settings.most_events - len(pending))
            count_blocks(words[2 * start : 2 * stop], BLOCK_SHIFT, self._counts[0])
            pending.take_events(data[start:stop], packet.arrived_ns)
            start = stop
            if len(pending) == self._settings.most_events:
                yield self._close(pending.last_us + 1, "event_limit")
                continue
            if start == data.size and known_until(packet, pending.first_us) < self._cell_end_us:
                return
            ended_by = self._end_cell()
            if ended_by is None:
                self._cell_end_us += self._settings.cell_us
            else:
                yield self._close(self._cell_end_us, ended_by)

    def flush(self) -> Iterator[Slice]:
        """Yield what is left at the end of the stream, and start anew."""
        for slice_ in self._pending.rest():
            yield self._traced(slice_)
        self._pending.reset()
        self._start_anew()

    def _start_anew(self) -> None:
        settings = self._settings
        self._threshold = settings.threshold
        self._adapted = 1
        self._origin_us: int | None = None
        self._cell_end_us = 0
        self._forget()

    def _forget(self) -> None:
        """Let neurons begin a slice."""
        self._session.reset()
        self._counts.fill(0)
        self._potential = 0.0
        self._trace: list[float] = []

    def _begin(self, t_us: int) -> None:
        """Open a slice with an event."""
        if self._origin_us is None:
            self._origin_us = t_us
        past = (t_us - self._origin_us) % self._settings.cell_us
        self._cell_end_us = t_us - past + self._settings.cell_us

    def _end_cell(self) -> SliceEnd | None:
        """Show the cell to the network; return why the slice ends, if it does."""
        np.minimum(self._counts, MOST_COUNT, out=self._counts)
        self._potential = max(0.0, self._potential + self._current() / self._blocks)
        self._counts.fill(0)
        self._trace.append(self._potential / self._threshold)
        cells = len(self._trace)
        if self._potential >= self._threshold and cells >= self._least_cells:
            return "spike"
        return "time" if cells >= self._most_cells else None

    def _current(self) -> float:
        """Return what the network makes of the cell; nothing while its device is away."""
        try:
            answer = self._session.step({CELL_INPUT: self._counts})[CURRENT_OUTPUT]
        except DeviceError:
            return 0.0
        return float(answer.sum(dtype=np.float64))

    def _close(self, t1_us: int, ended_by: SliceEnd) -> Slice:
        slice_ = self._pending.close(self._pending.first_us, t1_us, ended_by)
        slice_ = self._traced(slice_)
        if self._settings.adapts:
            self._adapt(slice_.duration_us)
        self._forget()
        return slice_

    def _traced(self, slice_: Slice) -> Slice:
        return replace(slice_, potential=np.array(self._trace, np.float32))

    def _adapt(self, duration_us: int) -> None:
        """Raise the threshold after a short slice and lower it after a long one, a little.

        The first slices move it more, so that a camera of other biases is soon met.
        """
        gain = max(_GAIN, _FIRST_GAIN / self._adapted)
        self._adapted += 1
        wanted_us = 1e6 / self._settings.rate_hz
        error = min(1.0, max(-1.0, 1 - duration_us / wanted_us))
        drift = self._threshold / self._settings.threshold * math.exp(gain * error)
        drift = min(_MOST_DRIFT, max(1 / _MOST_DRIFT, drift))
        self._threshold = self._settings.threshold * drift

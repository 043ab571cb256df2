"""Many recordings, read at many times, as one long run of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.core import EVENT_DTYPE, Events, SensorSize
from eventvision.graph._fade import Fade
from eventvision.graph._rules import GraphRules

from ._edges import TensorEdges

_APART_US = 1 << 34


@dataclass(frozen=True, slots=True)
class Runs:
    """Recordings one after the other, far enough apart that they do not see one another.

    Attributes:
        edges: Neighbours of all events.
        polarity: (1, 0) for OFF and (0, 1) for ON, (N, 2), float32.
        t_us: Times in their recordings, (N,), int64.
        previous_us: Time since the event before at the same pixel, 0 if there is none, (N,).
        cells: Cell of each event, (N,), int64.
        readings: The first reading of its recording that is not before it, (N,), int64;
            `count` where there is none.
        reading_us: Time of each reading, (readings,).
        is_first: Whether a reading is its recording's first, (readings,).
        rows: Of cells.
        columns: Of cells.
    """

    edges: TensorEdges
    polarity: Tensor
    t_us: Tensor
    previous_us: Tensor
    cells: Tensor
    readings: Tensor
    reading_us: Tensor
    is_first: Tensor
    rows: int
    columns: int

    @classmethod
    def of(
        cls,
        rules: GraphRules,
        recordings: Sequence[NDArray[np.void]],
        readings_us: Sequence[Sequence[int]],
        sensor: SensorSize,
        cell_px: int,
        device: torch.device | str = "cpu",
    ) -> Runs:
        """Join recordings.

        Args:
            rules: Who sees whom.
            recordings: Events of each, `EVENT_DTYPE`, in order.
            readings_us: Rising times at which each is read; an event at that time counts.
            sensor: Of all.
            cell_px: Side of the map's cells.
            device: Where the tensors go.
        """
        sizes = [len(recording) for recording in recordings]
        events = np.concatenate([np.empty(0, EVENT_DTYPE), *recordings])
        t_us = events["t"].copy()
        events["t"] = t_us + np.repeat(np.arange(len(sizes)) * _APART_US, sizes)
        edges = TensorEdges.of(rules, Events(events, sensor), device)
        rows, columns = -(-sensor.height // cell_px), -(-sensor.width // cell_px)
        x, y = events["x"].astype(np.int64), events["y"].astype(np.int64)
        starts = np.cumsum([0, *map(len, readings_us)])
        first = np.zeros(starts[-1], bool)
        first[starts[:-1][np.diff(starts) > 0]] = True
        places = [
            np.where(found < len(times), found + start, starts[-1])
            for start, times, recording in zip(starts, readings_us, recordings, strict=False)
            for found in [np.searchsorted(times, recording["t"])]
        ]
        times = np.array([t for times in readings_us for t in times], np.int64)
        moved = torch.from_numpy
        return cls(
            edges=edges,
            polarity=moved(np.eye(2, dtype=np.float32)[events["on"].astype(np.int64)]).to(device),
            t_us=moved(t_us).to(device),
            previous_us=moved(_since(t_us, edges.arrays.previous, sizes)).to(device),
            cells=moved(y // cell_px * columns + x // cell_px).to(device),
            readings=moved(np.concatenate([np.empty(0, np.int64), *places])).to(device),
            reading_us=moved(times).to(device),
            is_first=moved(first).to(device),
            rows=rows,
            columns=columns,
        )

    def left_of_previous(self, fade: Fade) -> Tensor:
        """Return what is left of the potential of the event before at the same pixel, (N,)."""
        ticks = (self.t_us >> fade.bits) - ((self.t_us - self.previous_us) >> fade.bits)
        return _left(ticks, fade)

    def gathered(self, features: Tensor, fade: Fade) -> Tensor:
        """Return the map of features (N, channels) at the readings: (readings, rows, columns, ...).

        Every event is added to the next reading, each reading to the one after it.
        """
        count, cells = len(self.reading_us), self.rows * self.columns
        counts = self.readings < count
        readings = self.readings.clamp(max=max(count - 1, 0))
        ticks = (self.reading_us[readings] >> fade.bits) - (self.t_us >> fade.bits)
        left = _left(ticks.clamp(min=0), fade) * counts
        sums = features.new_zeros(count * cells, features.shape[1])
        sums = sums.index_add(0, readings * cells + self.cells, features * left[:, None])
        maps = list(sums.view(count, self.rows, self.columns, -1).unbind(0))
        for i in range(1, count):
            if not self.is_first[i]:
                ticks = (self.reading_us[i] >> fade.bits) - (self.reading_us[i - 1] >> fade.bits)
                maps[i] = maps[i] + maps[i - 1] * _left(ticks, fade)
        return torch.stack(maps)


def _left(ticks: Tensor, fade: Fade) -> Tensor:
    return torch.exp(-ticks.float() * (fade.tick_us / fade.memory_us))


def _since(
    t_us: NDArray[np.int64], previous: NDArray[np.int32], sizes: Sequence[int]
) -> NDArray[np.int64]:
    """Return the time since the event before at the same pixel.

    That of another recording is so long ago that nothing is left of it.
    """
    number = np.repeat(np.arange(len(sizes)), sizes)
    since = t_us - t_us[previous] + (number - number[previous]) * _APART_US
    return np.where(previous >= 0, since, 0)

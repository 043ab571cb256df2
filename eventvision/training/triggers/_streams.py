"""Streams to cut: events by cell, and what the scene looked like at the end of every cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize, Slice
from eventvision.kernels.cell_counts import count_blocks
from eventvision.kernels.words import as_words
from eventvision.simulation import EventCamera, Paced, named_scene, randomised_model, watch
from eventvision.slicing import BLOCK_SHIFT, MOST_COUNT, grid_of
from eventvision.training.evaluation import percentile_scaled

from ._recipe import TriggerRecipe


def _no_boxes(edge: int) -> NDArray[np.float32]:
    del edge
    return np.empty((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class CellStream:
    """A stream that may be cut between cells.

    Attributes:
        name: Scene and seed.
        events: All events; times count from 0.
        cell_us: Length of a cell.
        edges: int64, shape (cells + 1,): first event of each cell, and the number of events.
        counts: float32, shape (cells, 2, rows, columns): what the trigger sees of each cell.
        shades: uint8, shape (cells + 1, height, width): root of the light at the edges of cells,
            its 1st and 99th percentile scaled to 0 and 255.
        boxes_at: Boxes of the objects at an edge, float32 (N, 4): x, y, width, height.
    """

    name: str
    events: Events
    cell_us: int
    edges: NDArray[np.int64]
    counts: NDArray[np.float32]
    shades: NDArray[np.uint8]
    boxes_at: Callable[[int], NDArray[np.float32]] = _no_boxes

    @property
    def cells(self) -> int:
        """How many cells."""
        return len(self.counts)

    def slice(self, first: int, end: int) -> Slice:
        """Return the slice of cells `first` to before `end`."""
        data = self.events.data[self.edges[first] : self.edges[end]]
        part = Events(data, self.events.sensor)
        return Slice(0, part, first * self.cell_us, end * self.cell_us, "spike")


def make_stream(
    scene: str, sensor: SensorSize, *, seed: int, seconds: float, cell_us: int,
    speed: float = 1.0, camera: EventCamera | None = None,
) -> CellStream:  # fmt: skip
    """Simulate a stream.

    Args:
        scene: A named scene.
        sensor: Size of the pixel array.
        seed: Of the scene and the camera.
        seconds: Length; whole cells of it are kept.
        cell_us: Length of a cell.
        speed: Seconds of the scene per second.
        camera: Sees it; by default one whose thresholds and noise the seed decides.
    """
    random = np.random.default_rng([0x7219, seed])
    camera = camera or EventCamera(sensor, randomised_model(random), seed=seed)
    shown = Paced(named_scene(scene, sensor=sensor, seed=seed), speed=speed)
    cells = int(seconds * 1e6) // cell_us
    parts = [glance.events for glance in watch(shown, camera, t1_us=cells * cell_us)]
    events = Events.join(parts).between(0, cells * cell_us)
    edges = np.searchsorted(events.t, np.arange(cells + 1) * cell_us).astype(np.int64)
    shades = np.stack([_shade(shown.render(cell * cell_us)) for cell in range(cells + 1)])
    counts = cell_counts(events, edges)
    boxes_at = cache(lambda edge: shown.truth(edge * cell_us).boxes)
    return CellStream(f"{scene} {seed}", events, cell_us, edges, counts, shades, boxes_at)


def cell_counts(events: Events, edges: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return what the trigger sees of cells whose first events are given."""
    rows, columns = grid_of(events.sensor)
    words = as_words(events.data)
    counts = np.zeros((edges.size - 1, 2, rows, columns), np.float32)
    for cell, (first, end) in enumerate(pairwise(edges)):
        count_blocks(words[2 * first : 2 * end], BLOCK_SHIFT, counts[cell])
    return np.minimum(counts, MOST_COUNT, out=counts)


def streams_of(recipe: TriggerRecipe) -> Iterator[CellStream]:
    """Yield the streams of a recipe, the same ones every time."""
    settings = recipe.streams
    sensor = SensorSize(settings.width, settings.height)
    slow, fast = np.log(settings.speed)
    for number in range(settings.count):
        random = np.random.default_rng([recipe.seed, number])
        yield make_stream(
            settings.scenes[number % len(settings.scenes)],
            sensor,
            seed=1_000 * recipe.seed + number,
            seconds=settings.seconds,
            cell_us=recipe.cell_us,
            speed=float(np.exp(random.uniform(slow, fast))),
        )


def _shade(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    shade = percentile_scaled(np.sqrt(np.clip(light, 0, 1)))
    return np.rint(255 * shade).astype(np.uint8)

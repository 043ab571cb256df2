"""A world: bodies in layers, the things that they belong to, and how those move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels.panel_view import BODY_DTYPE, PANEL_DTYPE
from eventvision.simulation._classes import DETECTION_CLASSES

from .atlas import Atlas, AtlasBuilder
from .bodies import Body

Places = NDArray[np.float64]
"""Shape (N, 7): x, y, z in metres, yaw, pitch, roll in radians, scale; a row for each body."""

Move = Callable[[float, Places], None]
"""Fills the places of a thing's bodies at a time in seconds."""


@dataclass(frozen=True, slots=True)
class _Thing:
    bodies: slice
    move: Move


@dataclass(frozen=True, slots=True)
class World:
    """What there is, as kernels read it.

    Attributes:
        atlas: All textures.
        panels: Shape (P,), `PANEL_DTYPE`.
        bodies: Shape (B,), `BODY_DTYPE`, front layers first.
        labels: int32, shape (B,): id of the thing that a body belongs to, 0 for none.
        kinds: Detection class of each id.
        rest: Shape (B, 7): places of bodies that do not move.
        things: What moves.
        rank: Shape (B,): where bodies stand in the order in which they were added.
    """

    atlas: Atlas
    panels: NDArray[np.void]
    bodies: NDArray[np.void]
    labels: NDArray[np.int32]
    kinds: dict[int, int]
    rest: Places
    things: tuple[_Thing, ...]
    rank: NDArray[np.intp]

    def places(self, seconds: float) -> Places:
        """Return where all bodies are, in the order of `bodies`."""
        places = self.rest.copy()
        for thing in self.things:
            thing.move(seconds, places[thing.bodies])
        return places[self.rank]


class WorldBuilder:
    """Collects bodies; `atlas` collects their textures."""

    def __init__(self) -> None:
        self.atlas = AtlasBuilder()
        self._bodies: list[tuple[Body, int, int]] = []
        self._rest: list[tuple[float, ...]] = []
        self._kinds: dict[int, int] = {}
        self._things: list[_Thing] = []

    def fix(
        self,
        body: Body,
        place: tuple[float, float, float] = (0.0, 0.0, 0.0),
        *,
        yaw_rad: float = 0.0,
        layer: int = 0,
    ) -> None:
        """Add a body that stays where it is; it belongs to the background."""
        self._bodies.append((body, layer, 0))
        self._rest.append((*place, yaw_rad, 0.0, 0.0, 1.0))

    def add(
        self, bodies: Sequence[Body], move: Move, *, kind: str | None = None, layer: int = 0
    ) -> int:
        """Add a thing that moves, and return its id: 0 if it has no kind, as the background."""
        label = 0
        if kind is not None:
            label = len(self._kinds) + 1
            self._kinds[label] = DETECTION_CLASSES.index(kind)
        start = len(self._bodies)
        self._bodies += [(body, layer, label) for body in bodies]
        self._rest += [(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)] * len(bodies)
        self._things.append(_Thing(slice(start, start + len(bodies)), move))
        return label

    def build(self) -> World:
        """Return the world; bodies of a lower layer hide those of a higher one."""
        rank = np.argsort([layer for _, layer, _ in self._bodies], kind="stable")
        bodies = np.zeros(rank.size, BODY_DTYPE)
        panels: list[tuple[object, ...]] = []
        for number, place in enumerate(rank):
            body, layer, _ = self._bodies[place]
            hull = body.hull()
            bodies[number]["hull"][: len(hull)] = hull
            first = len(panels)
            panels += _rows(body, number, first)
            bodies[number]["first"], bodies[number]["end"] = first, len(panels)
            bodies[number]["layer"], bodies[number]["corners"] = layer, len(hull)
        return World(
            self.atlas.build(),
            np.array(panels, PANEL_DTYPE),
            bodies,
            np.array([self._bodies[place][2] for place in rank], np.int32),
            self._kinds,
            np.array(self._rest),
            tuple(self._things),
            rank,
        )


def _rows(body: Body, number: int, first: int) -> list[tuple[object, ...]]:
    """Return a body's panels as rows of `PANEL_DTYPE`."""
    return [
        (
            np.column_stack([panel.along, panel.down, panel.corner]),
            panel.skin.texels,
            [first + side if side >= 0 else -1 for side in panel.neighbours],
            number,
            panel.skin.texture,
            panel.skin.cutout,
            panel.skin.classes,
            panel.skin.gain,
            panel.skin.surface,
            panel.two_sided,
        )
        for panel in body.panels
    ]

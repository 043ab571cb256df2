"""A camera in a world of panels: light and truth at any time, as a `Scene` promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.panel_motion import flow_px, most_motion_px
from eventvision.kernels.panel_order import order_bodies
from eventvision.kernels.panel_truth import show_panels
from eventvision.kernels.panel_view import place_bodies, place_panels, see_panels
from eventvision.kernels.panels import SEEN_DTYPE, paint
from eventvision.kernels.poses import invert_pose, rigid_poses
from eventvision.simulation._classes import DETECTION_CLASSES, SEGMENTATION_CLASSES
from eventvision.simulation._scene import SceneTruth, boxes_of

from .world import World

Eye = Callable[[float], tuple[float, float, float, float, float, float]]
"""Where a camera is at a time in seconds: x, y, z in metres, yaw, pitch, roll in radians."""

_FLOW_STEP_US = 500
_KEPT = 4


@dataclass(frozen=True, slots=True)
class _Instant:
    """A world at one time, in the camera's coordinates: bodies, panels, and the camera's pose."""

    posed: NDArray[np.float64]
    placed: NDArray[np.float64]
    camera: NDArray[np.float64]


class PanelScene:
    """A world seen by a pinhole camera; a `Scene`."""

    def __init__(
        self,
        sensor: SensorSize,
        world: World,
        eye: Eye,
        *,
        focal_px: float,
        labels: Callable[[int], NDArray[np.int32]] | None = None,
    ) -> None:
        """Take a world into view.

        Args:
            sensor: Size of the images.
            world: What there is.
            eye: Where the camera is.
            focal_px: Focal length in pixels.
            labels: Ids of the bodies at a time, where a body is not always the same thing.
        """
        self.sensor = sensor
        self.intrinsics = (
            focal_px, focal_px, (sensor.width - 1) / 2, (sensor.height - 1) / 2,
        )  # fmt: skip
        self._world, self._eye = world, eye
        self._labels = labels
        self._lens = np.array(self.intrinsics)
        self._instants: dict[int, _Instant] = {}
        self._image = np.empty(sensor.shape, np.float32)
        self._clear = np.empty(sensor.shape, np.float32)
        self._order = np.empty(world.bodies.size, np.int32)
        self._seen = np.empty(world.panels.size, SEEN_DTYPE)

    @property
    def class_names(self) -> tuple[str, ...]:
        """`DETECTION_CLASSES`."""
        return DETECTION_CLASSES

    def seen(self, *, still: bool = False, zoom: float = 1.0) -> PanelScene:
        """Return the same world seen otherwise.

        Args:
            still: Whether the camera stays where it is at first.
            zoom: How much longer the focal length is.
        """
        place = self._eye(0.0)
        return PanelScene(
            self.sensor,
            self._world,
            (lambda _seconds: place) if still else self._eye,
            focal_px=self.intrinsics[0] * zoom,
            labels=self._labels,
        )

    def render(self, t_us: int) -> NDArray[np.float32]:
        """Return linear intensity, shape (height, width); valid until the next call."""
        atlas = self._world.atlas
        paint(
            self._see(self._at(t_us)),
            self._world.panels,
            atlas.flat,
            atlas.levels,
            atlas.textures,
            self._image,
            self._clear,
        )
        return self._image

    def truth(self, t_us: int) -> SceneTruth:
        """Return what is seen at that time."""
        now = self._at(t_us)
        shown, surface, depth_m = self._shown(now)
        depth_m[surface == SEGMENTATION_CLASSES.index("sky")] = np.inf
        mask = self._ids(t_us, shown)
        ids = np.unique(mask[mask > 0]).astype(np.int64)
        return SceneTruth(
            t_us,
            self.render(t_us).copy(),
            mask,
            ids,
            np.array([self._kind(int(label)) for label in ids], np.int64),
            boxes_of(mask, ids),
            surface,
            depth_m,
            self._flow(t_us, shown, now),
            np.vstack([now.camera, [0.0, 0.0, 0.0, 1.0]]),
            self.intrinsics,
        )

    def motion_px(self, t0_us: int, t1_us: int) -> float:
        """Return a bound on how far any point of the image moves between two close times."""
        before, after = self._at(t0_us), self._at(t1_us)
        return float(most_motion_px(before.placed, after.placed, self._lens, self.sensor.shape))

    def _at(self, t_us: int) -> _Instant:
        """Return the world at a time; the last few are kept, as cameras ask for them again."""
        instant = self._instants.get(t_us)
        if instant is None:
            while len(self._instants) >= _KEPT:
                del self._instants[next(iter(self._instants))]
            instant = self._instants[t_us] = self._place(t_us)
        return instant

    def _place(self, t_us: int) -> _Instant:
        world, seconds = self._world, t_us * 1e-6
        poses = np.empty((world.bodies.size + 1, 3, 4))
        rigid_poses(np.vstack([world.places(seconds), [*self._eye(seconds), 1.0]]), poses)
        camera, posed = np.empty((3, 4)), np.empty((world.bodies.size, 3, 4))
        placed = np.empty((world.panels.size, 3, 3))
        invert_pose(poses[-1], camera)
        place_bodies(poses[:-1], camera, posed)
        place_panels(world.panels, posed, placed)
        return _Instant(posed, placed, poses[-1])

    def _see(self, instant: _Instant) -> NDArray[np.void]:
        """Return the panels in view, front to back; valid until the next call."""
        world, shape = self._world, self.sensor.shape
        bodies = order_bodies(
            world.bodies, instant.posed, instant.placed, self._lens, shape, self._order
        )
        count = see_panels(
            instant.placed,
            world.panels,
            world.bodies,
            self._order[:bodies],
            self._lens,
            shape,
            self._seen,
        )
        return self._seen[:count]

    def _shown(
        self, instant: _Instant
    ) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.float32]]:
        """Return panel, class of the surface and depth at each pixel."""
        shape, atlas = self.sensor.shape, self._world.atlas
        shown, surface = np.empty(shape, np.int32), np.empty(shape, np.uint8)
        depth_m = np.empty(shape, np.float32)
        show_panels(
            self._see(instant),
            self._world.panels,
            atlas.flat,
            atlas.levels,
            atlas.textures,
            atlas.rasters,
            atlas.raster_table,
            shown,
            surface,
            depth_m,
        )
        return shown, surface, depth_m

    def _ids(self, t_us: int, shown: NDArray[np.int32]) -> NDArray[np.int32]:
        labels = self._world.labels if self._labels is None else self._labels(t_us)
        of_panel = np.append(labels[self._world.panels["body"]], np.int32(0))
        ids: NDArray[np.int32] = of_panel[shown]
        return ids

    def _kind(self, label: int) -> int:
        return self._world.kinds.get(label, DETECTION_CLASSES.index("other"))

    def _flow(self, t_us: int, shown: NDArray[np.int32], now: _Instant) -> NDArray[np.float32]:
        """Return velocities; the step is short enough to be exact to a hundredth of a pixel."""
        flow = np.empty((2, *self.sensor.shape), np.float32)
        before, after = (self._place(t_us + step) for step in (-_FLOW_STEP_US, _FLOW_STEP_US))
        per_s = 1e6 / (2 * _FLOW_STEP_US)
        flow_px(shown, now.placed, before.placed, after.placed, self._lens, flow, per_s)
        return flow

"""What turns slices into results: a network, or a baseline that needs no learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Image, Result, Segmentation, SensorSize, Slice
from eventvision.representations import Accumulation, VoxelGrid
from eventvision.simulation import SEGMENTATION_CLASSES
from eventvision.tasks import Detection, Reconstruction

from ._decoding import padded, results_of
from ._predictor import Predictor

_BINS = 5
_HORIZON, _FOCAL_WIDTHS, _FARTHEST_EYES = 0.5, 0.9, 30.0


class Method(Protocol):
    """Anything that is compared."""

    @property
    def name(self) -> str:
        """Name in tables."""

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""

    def step(self, slice_: Slice) -> Mapping[str, Result]:
        """Return results by task: reconstruction, detection, segmentation, depth."""


class Network:
    """A network.

    Args:
        name: Name in tables.
        predictor: Runs it.
    """

    def __init__(self, name: str, predictor: Predictor) -> None:
        self.name = name
        self._predictor = predictor

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""
        self._voxels = VoxelGrid(sensor, bins=_BINS)
        self._sensor = sensor
        self._results: Mapping[str, Result] = {}
        self._predictor.reset()

    def step(self, slice_: Slice) -> Mapping[str, Result]:
        """Return what the network says after a slice; nothing new after one without events."""
        if len(slice_) or not self._results:
            outputs = self._predictor.step(padded(self._voxels.render(slice_)))
            self._results = results_of(outputs, self._sensor)
        return self._results


class Grey:
    """The same grey everywhere."""

    name = "grey"

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""
        self._image = Image(np.full(sensor.shape, 0.5, np.float32))

    def step(self, slice_: Slice) -> Mapping[str, Result]:  # noqa: ARG002
        """Return grey."""
        return {"reconstruction": self._image}


class AccumulatedFrame:
    """Events added up, fading within 30 ms."""

    name = "accumulated frame"

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""
        self._accumulation = Accumulation(sensor)

    def step(self, slice_: Slice) -> Mapping[str, Result]:
        """Return the frame."""
        return {"reconstruction": Image(self._accumulation.render(slice_))}


class Fibar:
    """The reconstruction that needs no training."""

    name = "FIBAR"

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""
        self._task = Reconstruction(sensor)

    def step(self, slice_: Slice) -> Mapping[str, Result]:
        """Return its image."""
        return {"reconstruction": self._task.step(slice_, {})}


class Clusters:
    """The detection that needs no training; it knows no classes."""

    name = "clusters"

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""
        self._task = Detection(sensor)

    def step(self, slice_: Slice) -> Mapping[str, Result]:
        """Return its boxes."""
        return {"detection": self._task.step(slice_, {})}


class ClassPrior:
    """At each pixel the class that is most frequent there, whatever the events say.

    Args:
        counts: How often each class was seen, shape (classes, rows, columns); any resolution.
    """

    name = "class prior"

    def __init__(self, counts: NDArray[np.int64]) -> None:
        self._classes = counts.argmax(axis=0).astype(np.uint8)

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""
        import cv2

        size = (sensor.width, sensor.height)
        mask = cv2.resize(self._classes, size, interpolation=cv2.INTER_NEAREST)
        self._result = Segmentation(np.asarray(mask, np.uint8), SEGMENTATION_CLASSES)

    def step(self, slice_: Slice) -> Mapping[str, Result]:  # noqa: ARG002
        """Return the same as always."""
        return {"segmentation": self._result}


class DepthPrior:
    """The same distances always.

    Args:
        name: Name in tables.
        distances: Returns them, float32, shape (height, width), for such a shape.
    """

    def __init__(
        self, name: str, distances: Callable[[tuple[int, int]], NDArray[np.float32]]
    ) -> None:
        self.name = name
        self._distances = distances

    def start(self, sensor: SensorSize) -> None:
        """Begin a new stream."""
        depth = self._distances(sensor.shape)
        self._result = Depth(depth, np.zeros(sensor.shape, np.float32), metric=False)

    def step(self, slice_: Slice) -> Mapping[str, Result]:  # noqa: ARG002
        """Return the same as always."""
        return {"depth": self._result}


def median_depth() -> DepthPrior:
    """Return one distance for all pixels: after median scaling, the median of the truth."""
    return DepthPrior("median", lambda shape: np.ones(shape, np.float32))


def ground_plane() -> DepthPrior:
    """Return a level ground below a horizon in the middle, and a far wall above it.

    In heights of the camera, whose focal length is 0.9 of its width; the wall is 30 away.
    """

    def distances(shape: tuple[int, int]) -> NDArray[np.float32]:
        height, width = shape
        below_px = np.arange(height) + 0.5 - _HORIZON * height
        far = np.full(height, _FARTHEST_EYES)
        ground = below_px > 0
        far[ground] = np.minimum(_FOCAL_WIDTHS * width / below_px[ground], _FARTHEST_EYES)
        return np.repeat(far[:, None], width, axis=1).astype(np.float32)

    return DepthPrior("ground plane", distances)


def baselines(class_counts: NDArray[np.int64] | None = None) -> list[Method]:
    """Return all baselines.

    Args:
        class_counts: What `ClassPrior` takes; without it, that one is left out.
    """
    found: list[Method] = [
        Grey(), AccumulatedFrame(), Fibar(), Clusters(), median_depth(), ground_plane(),
    ]  # fmt: skip
    if class_counts is not None:
        found.append(ClassPrior(class_counts))
    return found

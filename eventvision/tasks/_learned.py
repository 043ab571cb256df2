"""Tasks that a trained network does: each reads one of its outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Depth, Detections, Image, ModelError, Result, Segmentation, Slice

from ._maps import class_map, distance_map, enlarged
from ._network import Network
from ._objects import ObjectSettings, find_objects, places_in

R = TypeVar("R", bound=Result)
Floats = NDArray[np.float32]


class LearnedTask(ABC, Generic[R]):
    """Reads an output of a network.

    Tasks of one network share its steps. Where it did not run, because a slice was silent, the
    result is the one before.

    Args:
        network: The network.

    Raises:
        ModelError: If the network has no such output.
    """

    name: str
    output: str
    needs: tuple[str, ...] = ()

    def __init__(self, network: Network) -> None:
        self.network = network
        if self.output not in network.card.outputs:
            problem = f"has no output {self.output}, which {self.name} reads"
            raise ModelError(network.name, problem, "choose another model")
        self._check(self._shape())
        self._result: R | None = None
        self._read_at = -1

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> R:  # noqa: ARG002
        """Return what the network says after a slice.

        Raises:
            SliceDroppedError: If its device has just failed; the next slice may succeed.
        """
        outputs = self.network.step(slice_)
        if self._result is None or self._read_at != self.network.version:
            self._result = self._read(cast("Floats", outputs[self.output][0]))
            self._read_at = self.network.version
        return self._result

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self.network.reset()
        self._result = None

    @abstractmethod
    def _check(self, shape: tuple[int, ...]) -> None:
        """Raise ModelError if the output, without its batch axis, is of another shape."""

    @abstractmethod
    def _read(self, output: Floats) -> R:
        """Make a result of the output of a step, without its batch axis."""

    def _shape(self) -> tuple[int, ...]:
        card, frame = self.network.card, self.network.frame
        try:
            return card.outputs[self.output].shape_for(frame.sizes(card))[1:]
        except ValueError as error:
            raise ModelError(
                card.name, f"output {self.output}: {error}", "correct its card"
            ) from None

    def _refuse(self, shape: tuple[int, ...], wanted: str) -> ModelError:
        problem = f"output {self.output} has the shape {shape} instead of {wanted}"
        return ModelError(self.network.name, problem, "choose another model")

    def _check_map(self, shape: tuple[int, ...], planes: int) -> None:
        height, width = self.network.frame.filled.shape
        if len(shape) != 3 or shape[0] != planes or height % shape[1] or width % shape[2]:
            raise self._refuse(shape, f"({planes}, height, width) or a fraction of these")


class LearnedDetection(LearnedTask[Detections]):
    """Objects of known classes; see `_objects` for the output `detection`.

    Args:
        network: The network.
        settings: Which boxes are told.
    """

    name = output = "detection"

    def __init__(self, network: Network, settings: ObjectSettings | None = None) -> None:
        super().__init__(network)
        self._settings = settings or ObjectSettings()

    def _check(self, shape: tuple[int, ...]) -> None:
        self._classes = self.network.card.classes_of(self.output)
        wanted = places_in(self.network.frame.filled), 5 + len(self._classes)
        if shape != wanted or not self._classes:
            known = ", ".join(self._classes) or "none"
            raise self._refuse(shape, f"{wanted}, for the classes it knows ({known})")

    def _read(self, output: Floats) -> Detections:
        frame = self.network.frame
        found = find_objects(
            output, frame.filled, self._settings, scale=frame.binning, within=frame.sensor
        )
        return Detections(found.boxes, found.scores, found.classes, self._classes)


class LearnedSegmentation(LearnedTask[Segmentation]):
    """A class for each pixel; the output `segmentation` holds logits (1, classes, h, w)."""

    name = output = "segmentation"

    def _check(self, shape: tuple[int, ...]) -> None:
        self._classes = self.network.card.classes_of(self.output)
        self._check_map(shape, len(self._classes))

    def _read(self, output: Floats) -> Segmentation:
        return Segmentation(class_map(output, self.network.frame), self._classes)


class LearnedDepth(LearnedTask[Depth]):
    """Metres for each pixel; see `distance_map` for the output `depth`, shape (1, 2, h, w)."""

    name = output = "depth"

    def _check(self, shape: tuple[int, ...]) -> None:
        self._check_map(shape, 2)

    def _read(self, output: Floats) -> Depth:
        return Depth(*distance_map(output, self.network.frame), metric=True)


class LearnedReconstruction(LearnedTask[Image]):
    """A picture; the output `image` holds it, 0 to 1, shape (1, 1, height, width)."""

    name = "reconstruction"
    output = "image"

    def _check(self, shape: tuple[int, ...]) -> None:
        self._check_map(shape, 1)

    def _read(self, output: Floats) -> Image:
        return Image(np.clip(enlarged(output[0], self.network.frame), 0, 1))

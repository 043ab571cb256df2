"""The seams between the rooms: small Protocols; implementers do not inherit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ._damage import DamageReport
from ._devices import DeviceInfo, Fit, SessionOptions
from ._errors import one_line
from ._model_card import ModelCard
from ._packets import Packet
from ._results import Result, SliceResult
from ._sensor import SensorSize
from ._slices import Slice


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceInfo:
    """What a source says about itself before any event is read.

    What is not printable in `camera` and `notes`, which may come from the file, is escaped.

    Attributes:
        name: As the user named it: a path, `camera:…`, `tcp://…`.
        format: Short name of the format or protocol, such as `AEDAT4`.
        sensor: Size of the pixel array.
        sensor_from: Where the size comes from.
        camera: Camera model and serial as recorded, or an empty string.
        notes: Conventions used and assumptions made, each one sentence.
    """

    name: str
    format: str
    sensor: SensorSize
    sensor_from: Literal["header", "data", "user"]
    camera: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "camera", one_line(self.camera))
        object.__setattr__(self, "notes", tuple(map(one_line, self.notes)))


class Source(Protocol):
    """Anything that yields event packets: a file, a camera, a peer, a simulator."""

    @property
    def info(self) -> SourceInfo:
        """What the source is."""

    @property
    def is_live(self) -> bool:
        """Whether packets come at their own pace and cannot be had again."""

    @property
    def damage(self) -> DamageReport:
        """What was wrong so far; complete once iteration has ended."""

    @property
    def progress(self) -> float | None:
        """Share of the source read so far, 0 to 1; None where there is no end."""

    def __iter__(self) -> Iterator[Packet]:
        """Yield packets in order of time, from the present position to the end."""

    def seek(self, t_us: int) -> None:
        """Let the next iteration start with the first event at or after `t_us`.

        Raises:
            SeekError: If the source cannot go there.
        """

    def close(self) -> None:
        """Release what the source holds; may be called twice."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


class EventWriter(Protocol):
    """A recording being written."""

    def write(self, packet: Packet) -> None:
        """Append a packet.

        Raises:
            OutputError: If it cannot be stored; what was stored before stays readable.
        """

    def close(self) -> None:
        """Finish the recording; may be called twice."""


class Filter(Protocol):
    """Packets in, packets out; keeps state from packet to packet."""

    @property
    def sensor(self) -> SensorSize:
        """Size of the pixel array of the packets that come out."""

    @property
    def removed(self) -> int:
        """Events taken out since the last reset."""

    def process(self, packet: Packet) -> Packet:
        """Return what passes. The result does not depend on how a stream is cut into packets."""

    def reset(self) -> None:
        """Forget the stream seen so far."""


class Slicer(Protocol):
    """Packets in, slices out; how a source packs events never changes a slice."""

    def push(self, packet: Packet) -> Iterator[Slice]:
        """Take a packet and yield the slices that are complete."""

    def flush(self) -> Iterator[Slice]:
        """Yield what is left at the end of the stream, and start anew."""


class Representation(Protocol):
    """A slice in, an array out."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of its elements."""

    def render(self, slice_: Slice, out: NDArray[np.generic] | None = None) -> NDArray[np.generic]:
        """Return the array for a slice, written over `out` where one is given."""

    def reset(self) -> None:
        """Forget the stream seen so far, where there is such state."""


class Task(Protocol):
    """Turns slices (and what other tasks said about them) into a typed result."""

    @property
    def name(self) -> str:
        """Name under which the result is known, such as `detection`."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the tasks that must have run before."""

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Result:
        """Return the result for the next slice; `given` holds those of the tasks needed."""

    def reset(self) -> None:
        """Forget the stream seen so far."""


class Sink(Protocol):
    """Takes results out of the pipeline."""

    def write(self, result: SliceResult) -> None:
        """Take the result of one slice.

        Raises:
            OutputError: If it cannot be written.
        """

    def close(self) -> None:
        """Finish the output; may be called twice."""


class Session(Protocol):
    """A network running on a device, its state kept there from step to step."""

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """Run the network on one slice and return its named outputs."""

    def reset(self) -> None:
        """Set the state back to that of a fresh start."""

    def close(self) -> None:
        """Release the device; may be called twice."""


@runtime_checkable
class EventSession(Session, Protocol):
    """A session that may render events itself, on the device."""

    @property
    def takes_events(self) -> bool:
        """Whether it does at present."""

    def step_events(
        self, events: NDArray[np.void], t0_us: int, duration_us: int
    ) -> dict[str, NDArray[np.generic]]:
        """Run the network on the events of a slice and return its named outputs.

        Args:
            events: `EVENT_DTYPE`, in [t0_us, t0_us + duration_us), on the pixels of the input.
            t0_us: Beginning of the slice.
            duration_us: Its length, at least 1.
        """


class Device(Protocol):
    """A place where a network can run."""

    def probe(self) -> DeviceInfo:
        """Say what the device is and whether it is here; never fails for want of it."""

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Say whether a model would run, before anything does.

        Args:
            card: The model.
            options: `sizes` names the free sizes that are known; those that are not, may be any.

        Raises:
            ModelError: If a file of the model is missing or damaged.
        """

    def open(self, card: ModelCard, options: SessionOptions) -> Session:
        """Load a model.

        A session is handed inputs that agree with the card in name, shape and type, and gives
        outputs that do.

        Args:
            card: The model.
            options: `sizes` names every free size.

        Raises:
            DeviceError: If the device is absent or the model does not fit.
            ModelError: If a file of the model is missing or damaged.
        """

"""What the application knows and shows: frozen parts, each in a cell of its own.

Views observe cells and call the controller; only the controller changes cells.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from eventvision.core import SensorSize, SourceInfo

from .cells import Cell
from .history import History
from .preferences import Preferences

if TYPE_CHECKING:
    from eventvision.pipeline import Status

    from .overview import Overview

Phase = Literal["empty", "opening", "playing", "paused", "ended", "failed"]
Base = Literal["ground", "reconstruction", "frame", "surface", "depth", "segmentation"]
Palette = Literal["dark", "light", "coolwarm", "gray"]
Severity = Literal["info", "warning", "error"]

MOST_VIEWS = 4
_REGION = re.compile(r"region=(\d+)x(\d+)\+(\d+)\+(\d+)")
DEFAULT_ACCUMULATION_US = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcePart:
    """The source that is open.

    Attributes:
        name: As the user named it; empty if there is none.
        info: What it says about itself; None while it is being opened.
        is_live: Whether it cannot be sought in.
        waiting: Why nothing comes although it is open, such as a camera that was unplugged.
        damage: What was wrong so far, in one line.
        failed: Whether it could not be opened, or ended with an error.
        recent: Sources opened before, the latest first.
    """

    name: str = ""
    info: SourceInfo | None = None
    is_live: bool = False
    waiting: str = ""
    damage: str = ""
    failed: bool = False
    recent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaybackPart:
    """How the source is played. Times are those of its events.

    Attributes:
        phase: What is going on.
        position_us: End of the slice on show.
        first_us: Time of the first event.
        last_us: Time of the last event; None as long as it is not known, and for live sources.
        speed: Recording seconds per second; None is as fast as possible.
        loops: Whether it begins again at the end.
        mark_in_us: Start of the marked part; None is the beginning.
        mark_out_us: End of the marked part; None is the end.
        is_scrubbing: Whether the position is being dragged.
        is_seeking: Whether the pipeline is on its way to another place.
    """

    phase: Phase = "empty"
    position_us: int = 0
    first_us: int = 0
    last_us: int | None = None
    speed: float | None = 1.0
    loops: bool = False
    mark_in_us: int | None = None
    mark_out_us: int | None = None
    is_scrubbing: bool = False
    is_seeking: bool = False

    @property
    def is_running(self) -> bool:
        """Whether the position moves by itself."""
        return self.phase == "playing" and not self.is_scrubbing


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewSettings:
    """What one event view shows.

    Attributes:
        base: What lies under the events.
        palette: Colours of events, and of the ground.
        accumulation_us: For how long an event stays, whatever the display rate.
        fades: Whether events get paler with age.
        events: Whether events are drawn over the base.
        boxes: Whether objects have boxes.
        labels: Whether boxes say class, score and number.
        trails: Whether it shows where objects have been.
        regions: Whether regions that raise alarms are outlined.
    """

    base: Base = "ground"
    palette: Palette = "dark"
    accumulation_us: int = DEFAULT_ACCUMULATION_US
    fades: bool = True
    events: bool = True
    boxes: bool = True
    labels: bool = True
    trails: bool = True
    regions: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewport:
    """Which part of the sensor is seen: its middle, and how much larger than to fit it is."""

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewsPart:
    """All event views.

    Attributes:
        views: One to four.
        active: Index of the one that keys and menus act on.
        linked: Whether they zoom and move together.
        viewports: One for each view.
        fps: Pictures drawn per second.
    """

    views: tuple[ViewSettings, ...] = (ViewSettings(),)
    active: int = 0
    linked: bool = True
    viewports: tuple[Viewport, ...] = (Viewport(),)
    fps: int = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSetting:
    """One task in the pipeline.

    Attributes:
        name: As in `eventvision.tasks.TASK_NAMES`.
        on: Whether it runs.
        method: What follows the colon, such as `model` or `clusters`; empty for the usual one.
        device: Where it runs, if it is learned; empty for the device of all tasks.
    """

    name: str
    on: bool = False
    method: str = ""
    device: str = ""

    @property
    def text(self) -> str:
        """As `eventvision.tasks.parse_task` reads it."""
        return f"{self.name}:{self.method}" if self.method else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelinePart:
    """What happens to events between the source and the screen.

    Attributes:
        filters: In order, each as `eventvision.filters.FILTER_FORMS` says.
        slicer: As `eventvision.slicing.SLICER_FORMS` says.
        tasks: All tasks, on or off.
        device: For learned tasks that have none of their own.
        preset: File that these settings came from or went to; empty if none.
    """

    filters: tuple[str, ...] = ("background",)
    slicer: str = "time:10ms"
    tasks: tuple[TaskSetting, ...] = (
        TaskSetting(name="reconstruction"),
        TaskSetting(name="detection", on=True),
        TaskSetting(name="segmentation"),
        TaskSetting(name="depth"),
        TaskSetting(name="graph"),
        TaskSetting(name="tracking", on=True),
        TaskSetting(name="alarm"),
        TaskSetting(name="counting"),
    )
    device: str = "auto"
    preset: str = ""

    @property
    def on(self) -> frozenset[str]:
        """Names of the tasks that run, those among them that others need."""
        wanted = {task.name for task in self.tasks if task.on}
        if "counting" in wanted:
            wanted.add("tracking")
        if "tracking" in wanted or ("alarm" in wanted and "graph" not in wanted):
            wanted.add("detection")
        return frozenset(wanted)

    @property
    def regions(self) -> tuple[tuple[int, int, int, int], ...]:
        """Regions that raise alarms: x, y, width, height."""
        found = (_REGION.match(task.method) for task in self.tasks if task.on)
        sizes = (tuple(map(int, match.groups())) for match in found if match is not None)
        return tuple((x, y, width, height) for width, height, x, y in sizes)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingPart:
    """What is being recorded.

    Attributes:
        path: Where to; empty if nothing is being recorded.
        seconds: For how long.
        bytes: How much.
        dropped: Events that could not be written in time.
    """

    path: str = ""
    seconds: float = 0.0
    bytes: int = 0
    dropped: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that the user should know; shown where it is, never as a traceback.

    Attributes:
        where: What it concerns: `source`, `playback`, `pipeline`, `device`, `recording`, `file`.
        text: What is wrong and what to do about it, one line.
        severity: How bad it is.
        at_s: Seconds since the epoch.
    """

    where: str
    text: str
    severity: Severity = "error"
    at_s: float = field(default_factory=time.time, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PointerPart:
    """The pixel under the pointer.

    Attributes:
        x: Column; -1 where the pointer is over none.
        y: Row.
        rate_hz: Events per second there and in the eight pixels around it, per pixel.
        depth: Distance there; None where it is not known.
        is_metric: Whether that is in metres.
    """

    x: int = -1
    y: int = -1
    rate_hz: float = 0.0
    depth: float | None = None
    is_metric: bool = False


class AppState:
    """Everything that views show.

    Attributes:
        source: The source.
        playback: How it is played.
        views: The event views.
        pipeline: Filters, slicer, tasks.
        status: What the pipeline does now; None while there is none.
        recording: What is being recorded.
        preferences: What is kept from one start to the next.
        problems: What is wrong, the latest last.
        pointer: The pixel under the pointer.
        sensor: Size of the pixel array that is on show: after the filters.
        overview: Event rate over the whole recording, as far as it is known.
        history: The latest slices as numbers.
        tick: Changes with every picture; observe it to be called when there is one.
    """

    def __init__(self) -> None:
        self.source = Cell(SourcePart())
        self.playback = Cell(PlaybackPart())
        self.views = Cell(ViewsPart())
        self.pipeline = Cell(PipelinePart())
        self.status: Cell[Status | None] = Cell(None)
        self.recording = Cell(RecordingPart())
        self.preferences = Cell(Preferences())
        self.problems: Cell[tuple[Problem, ...]] = Cell(())
        self.pointer = Cell(PointerPart())
        self.sensor: Cell[SensorSize | None] = Cell(None)
        self.overview: Cell[Overview | None] = Cell(None)
        self.history = Cell(History())
        self.tick = Cell(0)

"""Everything that eventvision raises on purpose.

    EventVisionError
    ├── SourceError            a recording, camera or peer cannot be read
    │   ├── SourceNotFoundError
    │   ├── FormatError        not the format it claims to be, or damaged beyond reading
    │   └── SeekError
    ├── EventError             events break the rules of `Events`
    │   ├── EventOrderError
    │   └── EventBoundsError
    ├── ConfigError            an option or a configuration value is wrong
    │   └── ConfigFileError    a configuration file is: one line for each problem
    ├── OutputError            a result or a recording cannot be written
    ├── ModelError             a model is missing, incomplete, or its card is wrong
    └── DeviceError            a device is absent, refuses a model, or failed
        └── SliceDroppedError  it is being started again, and this slice has no result

The command line prints one line for any of them and exits with code 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._sensor import SensorSize


class EventVisionError(Exception):
    """Base of all errors that a user can mend; the text is one line: thing, place, remedy."""


class SourceError(EventVisionError):
    """A source cannot be read.

    Attributes:
        source: What was to be read, as the user named it.
        problem: What is wrong and where.
        remedy: What to do about it.
    """

    def __init__(self, source: str | Path, problem: str, remedy: str) -> None:
        super().__init__(one_line(f"{source}: {problem}; {remedy}"))
        self.source, self.problem, self.remedy = str(source), problem, remedy


class SourceNotFoundError(SourceError):
    """There is no such file, camera or peer."""


class FormatError(SourceError):
    """The content is not what its name or header says."""


class SeekError(SourceError):
    """The source cannot go to that time."""


class EventError(EventVisionError):
    """Events break the rules that `Events` promises."""


class EventOrderError(EventError):
    """Times go backwards; `index` is the first offending event."""

    def __init__(self, *, index: int, previous_us: int, found_us: int) -> None:
        super().__init__(f"event {index}: t={found_us} us comes after t={previous_us} us")
        self.index, self.previous_us, self.found_us = index, previous_us, found_us


class EventBoundsError(EventError):
    """An event lies outside its sensor; `index` is the first offending event."""

    def __init__(self, *, index: int, x: int, y: int, sensor: SensorSize) -> None:
        super().__init__(f"event {index}: pixel ({x}, {y}) lies outside the sensor {sensor}")
        self.index, self.x, self.y, self.sensor = index, x, y, sensor


class ConfigError(EventVisionError):
    """An option has a value that cannot be used.

    Attributes:
        option: Name as the user wrote it.
        value: The refused value.
        expected: What would be right.
    """

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(f"{option}: {value!r} cannot be used; expected {expected}")
        self.option, self.value, self.expected = option, value, expected


class ConfigFileError(ConfigError):
    """A configuration file cannot be used; the text has a line for each problem.

    Attributes:
        path: The file.
        problems: All that is wrong: place, key, value, and what would be right.
    """

    def __init__(self, path: str | Path, problems: Sequence[str]) -> None:
        super().__init__(str(path), "", "")
        self.args = ("\n".join(map(one_line, problems)),)
        self.path, self.problems = str(path), tuple(problems)


class OutputError(EventVisionError):
    """Something cannot be written."""

    def __init__(self, path: str | Path, problem: str, remedy: str) -> None:
        super().__init__(f"{path}: {problem}; {remedy}")
        self.path, self.problem, self.remedy = str(path), problem, remedy


class ModelError(EventVisionError):
    """A model is missing, incomplete, or its card is wrong."""

    def __init__(self, model: str | Path, problem: str, remedy: str) -> None:
        super().__init__(one_line(f"model {model}: {problem}; {remedy}"))
        self.model, self.problem, self.remedy = str(model), problem, remedy


class DeviceError(EventVisionError):
    """A device is absent, refuses a model, or failed."""

    def __init__(self, device: str, problem: str, remedy: str) -> None:
        super().__init__(one_line(f"device {device}: {problem}; {remedy}"))
        self.device, self.problem, self.remedy = device, problem, remedy


class SliceDroppedError(DeviceError):
    """A device failed and is being started again: this slice has no result, a later one will."""


def one_line(text: str) -> str:
    """Escape what is not printable: damaged files bring line ends and terminal codes along."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

"""Reads `--device`: one device for all tasks, or one for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from eventvision.core import ConfigError

from ._registry import device_names

AUTO = "auto"
OPTION = "--device"
_FALLBACK = "+"
_EXPECTED = "onnx, or onnx,detection=cpu, or detection=process:speck+onnx"


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """Which device runs which task.

    Attributes:
        default: For tasks that are not named.
        by_task: Device by the name of the task.
    """

    default: str = AUTO
    by_task: Mapping[str, str] = field(default_factory=dict)

    def device_for(self, task: str) -> str:
        """Return what `open_session` takes for a task."""
        return self.by_task.get(task, self.default)

    def __str__(self) -> str:
        """Return the text that `parse_devices` reads."""
        return ",".join([self.default, *(f"{task}={name}" for task, name in self.by_task.items())])


def parse_devices(text: str) -> DeviceChoice:
    """Read devices by task, separated by commas; one without a task is for all others.

    >>> choice = parse_devices("onnx,trigger=reference")
    >>> choice.device_for("trigger"), choice.device_for("detection")
    ('reference', 'onnx')

    Raises:
        ConfigError: If the text is not of that form, or names a device that does not exist.
    """
    default = ""
    by_task: dict[str, str] = {}
    for part in text.split(","):
        task, separator, device = (word.strip() for word in part.rpartition("="))
        if separator and (not task.isidentifier() or task in by_task):
            raise ConfigError(OPTION, text, f"a task before each =, once; such as {_EXPECTED}")
        if not separator and default:
            raise ConfigError(OPTION, text, f"one device without a task; such as {_EXPECTED}")
        split_device(device)
        if separator:
            by_task[task] = device
        else:
            default = device
    return DeviceChoice(default or AUTO, MappingProxyType(by_task))


def split_device(text: str) -> tuple[str, str]:
    """Return a device and its fall-back, which is empty if there is none.

    Raises:
        ConfigError: If one of them does not exist.
    """
    device, separator, fallback = (part.strip() for part in text.partition(_FALLBACK))
    for name in (device, fallback) if separator else (device,):
        if name != AUTO and name.partition(":")[0] not in device_names():
            raise ConfigError(OPTION, name, f"{AUTO}, {', '.join(device_names())}")
    return device, fallback

"""What a device says about itself and about a model, and what it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ._errors import one_line

_MOST_THREADS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceInfo:
    """What a device is, and whether it can be used here and now.

    Attributes:
        name: As written in `--device`.
        summary: What it is, in a line.
        formats: Forms of a model that it takes, best first; see `ARTIFACT_FORMATS`.
        missing: Why it cannot be used; empty if it can.
        remedy: How to get what is missing.
        memory_bytes: Memory for models, where the device has its own; None if it shares the host's.
        facets: Names of what else its sessions tell, see `eventvision.devices`.
    """

    name: str
    summary: str
    formats: tuple[str, ...]
    missing: str = ""
    remedy: str = ""
    memory_bytes: int | None = None
    facets: tuple[str, ...] = ()

    @property
    def is_present(self) -> bool:
        """Whether a model can be opened on it."""
        return not self.missing


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """Whether a model runs on a device.

    Attributes:
        artifact: The form that would run; empty if none does.
        layer: The first layer that does not fit; empty if it is not a matter of one layer.
        reason: Why it does not fit; empty if it does.
        remedy: What would help.
    """

    artifact: str = ""
    layer: str = ""
    reason: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        if bool(self.artifact) == bool(self.reason):
            raise ValueError(
                "a fit names either the artifact that runs or the reason why none does"
            )
        object.__setattr__(self, "reason", one_line(self.reason))

    @property
    def is_yes(self) -> bool:
        """Whether the model runs."""
        return not self.reason

    def __str__(self) -> str:
        if self.is_yes:
            return f"yes, as {self.artifact}"
        where = f"layer {self.layer}: " if self.layer else ""
        return f"no, {where}{self.reason}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOptions:
    """How a session is to run.

    Attributes:
        threads: Most processors that it may keep busy.
        sizes: The free sizes of the model's card by name, such as `height`.
        step_timeout_s: How long a step may take, where it can be stopped.
        start_timeout_s: How long opening may take, where it can be stopped.
    """

    threads: int = 1
    sizes: Mapping[str, int] = field(default_factory=dict)
    step_timeout_s: float = 2.0
    start_timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= _MOST_THREADS:
            raise ValueError(f"threads must be 1 to {_MOST_THREADS}, got {self.threads}")
        for name, size in self.sizes.items():
            if size < 1:
                raise ValueError(f"size {name} must be positive, got {size}")
        if not (self.step_timeout_s > 0 and self.start_timeout_s > 0):
            raise ValueError("step_timeout_s and start_timeout_s must be positive")

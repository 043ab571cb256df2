"""The character of an event camera's pixels and of its readout, with units.

The model is the one that simulators of event cameras share (ESIM: Rebecq, Gehrig, Scaramuzza,
CoRL 2018; v2e: Hu, Liu, Delbruck, CVPRW 2021): a pixel fires when the logarithm of its intensity
has changed by a threshold since its last event. Real pixels differ from each other, answer slowly
in the dark, drift towards ON by leakage (Nozaki, Delbruck, 2017), misfire more in the dark, rest
after each event, and wait for a bus that all share. docs/simulation/camera-model.md explains each
setting and where its values come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from types import MappingProxyType


class Bus(IntEnum):
    """How events leave the pixel array: at once, or line after line."""

    NONE = 0
    ROWS = 1
    COLUMNS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelModel:
    """How the pixels of a camera behave, and how their events are read.

    All effects are off by default. Names are stable; new ones come with defaults that change
    nothing.

    Attributes:
        on_threshold: Mean rise of log intensity that makes an ON event (0.2 is +22 %).
        off_threshold: Mean fall of log intensity that makes an OFF event.
        mismatch: Standard deviation of thresholds from pixel to pixel, as a share of the mean.
        reset_noise: Standard deviation of what is left of the potential after an event, as a share
            of the ON threshold: thresholds vary from event to event, intervals of leak events too.
        refractory_us: Time for which a pixel is blind after an event.
        bandwidth_hz: Corner (-3 dB) of the photoreceptor, a low-pass filter of first order, at an
            intensity of 1; it is proportional to intensity. 0 for no limit.
        bandwidth_in_dark: Least share of that corner, however dark.
        follower_hz: Corner of the source follower behind it, a second low-pass filter of first
            order that does not depend on light. 0 for none.
        leak_hz: Mean rate of ON events in a still pixel.
        leak_mismatch: Standard deviation of leak rates from pixel to pixel, as a share of the mean.
        shot_noise_hz: Rate of random events of a pixel in the dark.
        shot_noise_in_light: Share of that rate left at an intensity of 1.
        shot_noise_on_share: Share of ON events among them.
        hot_pixel_share: Share of pixels that leak at a high rate.
        hot_pixel_hz: Their mean rate; each has its own between a tenth of it and 1.9 times it.
        hot_pixel_on_share: Share of them that leak towards ON; the others towards OFF.
        dead_pixel_share: Share of pixels that never fire.
        dark: Added to intensity (1 is white) before the logarithm: dark current and stray light.
        start_spread: Where potentials stand at the start: 0 just reset, 1 anywhere between the
            thresholds.
        jitter_us: Standard deviation of the delays of events, which are 3.5 times as long in the
            mean and never negative.
        bus: Whether events are read at once, or by a bus that takes rows or columns in turn.
        bus_pass_us: Time to pass a line of pixels; 0 if the bus goes to the next line with events
            at once.
        bus_line_us: Time that reading a line takes.
        bus_event_us: Time that each of its events takes in addition.
    """

    on_threshold: float = 0.2
    off_threshold: float = 0.2
    mismatch: float = 0.0
    reset_noise: float = 0.0
    refractory_us: float = 0.0
    bandwidth_hz: float = 0.0
    bandwidth_in_dark: float = 0.1
    follower_hz: float = 0.0
    leak_hz: float = 0.0
    leak_mismatch: float = 0.1
    shot_noise_hz: float = 0.0
    shot_noise_in_light: float = 0.25
    shot_noise_on_share: float = 0.5
    hot_pixel_share: float = 0.0
    hot_pixel_hz: float = 50.0
    hot_pixel_on_share: float = 1.0
    dead_pixel_share: float = 0.0
    dark: float = 1e-3
    start_spread: float = 0.0
    jitter_us: float = 0.0
    bus: Bus = Bus.NONE
    bus_pass_us: float = 0.0
    bus_line_us: float = 0.0
    bus_event_us: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.bus, Bus):
            raise ValueError(f"bus must be one of {', '.join(map(str, Bus))}, got {self.bus!r}")
        for field in fields(self):
            if field.name == "bus":
                continue
            value = getattr(self, field.name)
            low, high = _RANGES[field.name]
            if not low <= value <= high:
                raise ValueError(f"{field.name} must lie in {low:g} to {high:g}, got {value}")


_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "on_threshold": (0.01, 10.0),
        "off_threshold": (0.01, 10.0),
        "mismatch": (0.0, 0.3),
        "reset_noise": (0.0, 0.2),
        "refractory_us": (0.0, 1e6),
        "bandwidth_hz": (0.0, 1e6),
        "bandwidth_in_dark": (1e-3, 1.0),
        "follower_hz": (0.0, 1e6),
        "leak_hz": (0.0, 1e3),
        "leak_mismatch": (0.0, 0.3),
        "shot_noise_hz": (0.0, 1e4),
        "shot_noise_in_light": (0.0, 1.0),
        "shot_noise_on_share": (0.0, 1.0),
        "hot_pixel_share": (0.0, 1.0),
        "hot_pixel_hz": (0.0, 1e4),
        "hot_pixel_on_share": (0.0, 1.0),
        "dead_pixel_share": (0.0, 1.0),
        "dark": (1e-6, 1.0),
        "start_spread": (0.0, 1.0),
        "jitter_us": (0.0, 1e4),
        "bus_pass_us": (0.0, 1e3),
        "bus_line_us": (0.0, 1e3),
        "bus_event_us": (0.0, 1e3),
    }
)

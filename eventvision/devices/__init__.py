"""Where networks run: the same model on any device, opened by name."""

from ._choice import DeviceChoice, parse_devices
from ._facets import (
    ActivityMeter,
    PlacedLayer,
    Placement,
    PowerMeter,
    StepActivity,
    StepTimer,
    facet,
)
from ._golden import golden_outputs, tolerance_of
from ._open import choose_device, open_session
from ._registry import GROUP, device_names, find_device, probe_devices
from ._session import DeviceSession
from ._supervised import Health, Recovery

__all__ = [
    "GROUP",
    "ActivityMeter",
    "DeviceChoice",
    "DeviceSession",
    "Health",
    "PlacedLayer",
    "Placement",
    "PowerMeter",
    "Recovery",
    "StepActivity",
    "StepTimer",
    "choose_device",
    "device_names",
    "facet",
    "find_device",
    "golden_outputs",
    "open_session",
    "parse_devices",
    "probe_devices",
    "tolerance_of",
]

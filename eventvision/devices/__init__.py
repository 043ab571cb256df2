"""Where networks run: the same model on any device, opened by name."""

from ._choice import DeviceChoice, parse_devices
from ._compare import (
    Comparison,
    comparable_devices,
    compare_devices,
    largest_difference,
    run_golden,
)
from ._facets import (
    ActivityMeter,
    EventIntake,
    PlacedLayer,
    Placement,
    PowerMeter,
    StepActivity,
    StepTimer,
    facet,
)
from ._fits import fit_on
from ._golden import golden_outputs, tolerance_of
from ._open import choose_device, open_session
from ._registry import GROUP, device_names, find_device, probe_devices
from ._session import DeviceSession
from ._supervised import Health, Recovery

__all__ = [
    "GROUP",
    "ActivityMeter",
    "Comparison",
    "DeviceChoice",
    "DeviceSession",
    "EventIntake",
    "Health",
    "PlacedLayer",
    "Placement",
    "PowerMeter",
    "Recovery",
    "StepActivity",
    "StepTimer",
    "choose_device",
    "comparable_devices",
    "compare_devices",
    "device_names",
    "facet",
    "find_device",
    "fit_on",
    "golden_outputs",
    "largest_difference",
    "open_session",
    "parse_devices",
    "probe_devices",
    "run_golden",
    "tolerance_of",
]

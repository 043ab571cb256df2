"""Where networks run: the same model on any device, opened by name."""

from ._open import choose_device, open_session
from ._registry import GROUP, device_names, find_device, probe_devices
from ._session import DeviceSession

__all__ = [
    "GROUP",
    "DeviceSession",
    "choose_device",
    "device_names",
    "find_device",
    "open_session",
    "probe_devices",
]

"""Writing benchmark recordings with faery; runs in the environment of the peers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

OPTIONS: dict[str, dict[str, Any]] = {
    ".plain.aedat4": {"compression": None},
    ".evt3.raw": {"version": "evt3"},
    ".evt2.raw": {"version": "evt2"},
}


def write(array: str, path: str, width: int, height: int) -> None:
    """Write the events of a .npy file in the format that the suffix of `path` names."""
    import faery
    import numpy as np

    ours = np.load(array, mmap_mode="r")
    events = np.empty(len(ours), faery.EVENTS_DTYPE)
    for name in ("t", "x", "y", "on"):
        events[name] = ours[name]
    stream = faery.events_stream_from_array(events, (width, height))
    unfinished = Path(path).with_name("unfinished-" + Path(path).name)
    stream.to_file(unfinished, **options_for(path))
    unfinished.replace(path)


def options_for(path: str) -> dict[str, Any]:
    """Return what faery has to be told for the suffix of a path."""
    return next((options for end, options in OPTIONS.items() if path.endswith(end)), {})

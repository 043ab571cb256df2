"""Our side of the `chain` benchmark."""

from __future__ import annotations

from eventvision.pipeline import RunConfig, replay


def chain(path: str) -> int:
    """Replay a recording at full speed and return its number of events."""
    config = RunConfig(
        source=path,
        filters="background:2ms",
        slicer="time:10ms",
        representation="voxel:5",
        tasks=(),
    )
    return replay(config).events

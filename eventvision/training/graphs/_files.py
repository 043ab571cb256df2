"""Writes a trained graph network as a model's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, GoldenSample, output_errors, save_golden
from eventvision.graph import GraphNetwork, GraphStream, quantised, save_network

FILES = {
    "graph": "model.graph.safetensors",
    "graph-integer": "model.integer.safetensors",
    "golden": "golden.npz",
}
_STEPS, _STEP_EVENTS = 8, 200


def write_model_files(
    folder: Path, network: GraphNetwork, recordings: Sequence[Events]
) -> list[Path]:
    """Write both forms of a network, and what they answer to the first recording.

    Args:
        folder: Of the model.
        network: In float32.
        recordings: Some recordings, to choose the scales of the integer form by; the first has
            1600 events or more.

    Raises:
        OutputError: If a file cannot be written.
    """
    paths = {name: folder / file for name, file in FILES.items()}
    integer = quantised(network, recordings)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    save_network(network, paths["graph"])
    save_network(integer, paths["graph-integer"])
    events = Events(recordings[0].data[: _STEPS * _STEP_EVENTS], recordings[0].sensor)
    columns = [events.data[name].astype(np.int64) for name in ("t", "x", "y", "on")]
    sample = GoldenSample(
        inputs={"events": np.stack(columns, 1).reshape(_STEPS, _STEP_EVENTS, 4)},
        outputs={"output": answers(network, events)},
        integer_outputs={"output": answers(integer, events)},
    )
    with output_errors(folder):
        save_golden(paths["golden"], sample)
    return list(paths.values())


def answers(network: GraphNetwork, events: Events) -> NDArray[np.float32]:
    """Return what a network says after each of the golden sample's steps."""
    stream, found = GraphStream(network, events.sensor), []
    for part in np.split(events.data, _STEPS):
        stream.push(Events(part, events.sensor))
        found.append(stream.read(int(part["t"][-1])))
    return np.stack(found)

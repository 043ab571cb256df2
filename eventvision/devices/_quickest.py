"""Which of several devices runs a model fastest on this machine: measured once, then remembered.

Both forms of a model are open at the same time and take turns, so that what else the machine does
meanwhile weighs on all of them alike; the best step of each counts. The inputs are those of the
golden sample, repeated until they fill the sizes: spikes decide how fast integer kernels are, and
zeros would flatter them. Results lie in `devices.json` in the cache folder, under a digest of all
that they depend on; delete it to measure again.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EventVisionError,
    ModelCard,
    Session,
    SessionOptions,
    cache_folder,
    complete_file,
    load_golden,
)

from ._artifacts import chosen
from ._registry import find_device
from ._tensors import Arrays

KEPT = "devices.json"
_ROUNDS, _WARM_UPS, _MOST_S = 12, 2, 1.0
_WORTH_IT = 0.9
"""A device is taken before one that is preferred if it needs less than this share of the time."""
_PACKAGES = ("eventvision", "onnxruntime", "numba")


def quickest(card: ModelCard, names: Sequence[str], options: SessionOptions) -> str:
    """Return the fastest of some devices, all of which are here and take the model.

    One that is not clearly faster is not taken before those that stand before it.

    Args:
        card: The model, with a golden sample.
        names: Devices, the preferred one first.
        options: `sizes` names every free size.

    Raises:
        EventVisionError: If a device cannot be opened, or the model has no sound golden sample.
    """
    steps_ms = step_times(card, names, options)
    best = names[0]
    for name in names[1:]:
        if steps_ms[name] < _WORTH_IT * steps_ms[best]:
            best = name
    return best


def step_times(card: ModelCard, names: Sequence[str], options: SessionOptions) -> dict[str, float]:
    """Return the time of a step on some devices, in milliseconds; kept from the last time if it is.

    Args:
        card: The model, with a golden sample.
        names: Devices, all here and willing.
        options: `sizes` names every free size.

    Raises:
        EventVisionError: If a device cannot be opened, or the model has no sound golden sample.
    """
    path, key = cache_folder() / KEPT, _key(card, names, options)
    kept = _kept(path)
    found = kept.get(key)
    if found is None or set(found) != set(names):
        found = _measured(card, names, options)
        _keep(path, key, found)
    return found


def _measured(card: ModelCard, names: Sequence[str], options: SessionOptions) -> dict[str, float]:
    steps = _inputs(card, options.sizes)
    best = dict.fromkeys(names, float("inf"))
    with ExitStack() as opened:
        sessions: dict[str, Session] = {}
        for name in names:
            sessions[name] = find_device(name).open(card, options)
            opened.callback(sessions[name].close)
        for session in sessions.values():
            for number in range(_WARM_UPS):
                session.step(steps[number % len(steps)])
        late_s = time.perf_counter() + _MOST_S
        for number in range(_ROUNDS):
            for name, session in sessions.items():
                start_s = time.perf_counter()
                session.step(steps[number % len(steps)])
                best[name] = min(best[name], (time.perf_counter() - start_s) * 1e3)
            if time.perf_counter() > late_s:
                break
    return best


def _inputs(card: ModelCard, sizes: Mapping[str, int]) -> list[Arrays]:
    """Return the golden sample's inputs step by step, repeated to fill the sizes."""
    sample = load_golden(card)
    return [
        {
            name: _filled(sample.inputs[name][step], spec.shape_for(sizes))
            for name, spec in card.inputs.items()
        }
        for step in range(sample.steps)
    ]


def _filled(values: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.generic]:
    times = [-(-wanted // size) for wanted, size in zip(shape, values.shape, strict=True)]
    return np.ascontiguousarray(np.tile(values, times)[tuple(map(slice, shape))])


def _key(card: ModelCard, names: Sequence[str], options: SessionOptions) -> str:
    """Return a digest of model, sizes, threads, machine and packages."""
    digest = sha256()
    for name in names:
        artifact = chosen(card, find_device(name).probe().formats).artifact
        digest.update(sha256(card.artifact(artifact).read_bytes()).digest())
    versions = [_version(package) for package in _PACKAGES]
    about = (sorted(options.sizes.items()), options.threads, _processor(), versions)
    digest.update(repr(about).encode())
    return digest.hexdigest()


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _kept(path: Path) -> dict[str, dict[str, float]]:
    """Return what was kept; nothing if the file is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(key): {str(name): float(ms) for name, ms in times.items()}
            for key, times in content.items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _keep(path: Path, key: str, times: Mapping[str, float]) -> None:
    """Add times to what is kept; where nothing can be written, they are measured again."""
    with suppress(EventVisionError, OSError), complete_file(path) as part:
        part.write_text(json.dumps({**_kept(path), key: dict(times)}, indent=1) + "\n")

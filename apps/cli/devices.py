"""`eventvision devices`, `fits`, `compare`: where models run, and how well."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Any

from eventvision.core import (
    ConfigError,
    DeviceInfo,
    ModelCard,
    SensorSize,
    SessionOptions,
    load_card,
)
from eventvision.devices import (
    Comparison,
    comparable_devices,
    compare_devices,
    find_device,
    fit_on,
    probe_devices,
)

from .output import print_table

_MOST_THREADS = 64
_FRAMES = ("process", "hybrid")
"""Devices that do nothing without others."""


def list_devices(*, as_json: bool) -> int:
    """Print all devices."""
    infos = probe_devices()
    if as_json:
        entries = [{**dataclasses.asdict(info), "present": info.is_present} for info in infos]
        return _print_json({"devices": entries})
    rows = [
        (info.name, "ready" if info.is_present else "missing", _formats(info), info.summary)
        for info in infos
    ]
    print_table("devices", rows, header=("name", "state", "takes", "what it is"), words=True)
    told = [(info.name, ", ".join(info.facets), _memory(info)) for info in infos if info.is_present]
    extras = [row for row in told if row[1] or row[2]]
    if extras:
        print_table("what they tell", extras, header=("name", "facets", "memory"), words=True)
    missing = [(info.name, info.missing, info.remedy) for info in infos if not info.is_present]
    if missing:
        header = ("name", "why it is missing", "how to get it")
        print_table("missing", missing, header=header, words=True)
    return 0


def show_fits(model: str, *, device: str | None, sensor: str | None, as_json: bool) -> int:
    """Print on which devices a model fits; 1 if on none."""
    card = load_card(model)
    options = SessionOptions(sizes=_sizes(card, sensor))
    infos = probe_devices() if device is None else (find_device(device).probe(),)
    fits = [(info, fit_on(info, card, options)) for info in infos if info.name not in _FRAMES]
    code = 0 if any(fit.is_yes for _, fit in fits) else 1
    if as_json:
        entries = [
            {"device": info.name, "fits": fit.is_yes, **dataclasses.asdict(fit)}
            for info, fit in fits
        ]
        _print_json({"model": card.name, "devices": entries})
        return code
    rows = [
        (info.name, str(fit), fit.remedy, "" if info.is_present else info.missing)
        for info, fit in fits
    ]
    header = ("device", "fits", "what would help", "is it here")
    print_table(card.name, rows, header=header, words=True)
    return code


def compare_models(model: str, *, devices: Sequence[str], threads: int, as_json: bool) -> int:
    """Print how a model does on devices; 1 if one of them does not give the golden output."""
    if not 1 <= threads <= _MOST_THREADS:
        raise ConfigError("--threads", threads, f"1 to {_MOST_THREADS}")
    card = load_card(model)
    found = compare_devices(card, devices or _fitting(card), threads=threads)
    code = 0 if all(each.is_right for each in found) else 1
    if as_json:
        entries = [{**dataclasses.asdict(each), "is_right": each.is_right} for each in found]
        _print_json({"model": card.name, "threads": threads, "devices": entries})
        return code
    header = ("device", "form", "golden output", "difference", "ms", "syn. ops", "energy")
    print_table(f"{card.name}, per step", [_row(each) for each in found], header=header)
    return code


def _fitting(card: ModelCard) -> list[str]:
    """Return the devices that are here and take the model."""
    here = comparable_devices()
    infos = [info for info in probe_devices() if info.name in here]
    return [info.name for info in infos if fit_on(info, card, SessionOptions()).is_yes]


def _sizes(card: ModelCard, sensor: str | None) -> dict[str, int]:
    if sensor is None:
        return {}
    try:
        size = SensorSize.parse(sensor)
    except ValueError as error:
        raise ConfigError("--sensor", sensor, "a size such as 346x260") from error
    free = {name for spec in card.inputs.values() for name in spec.shape}
    known = {"width": size.width, "height": size.height}
    multiple = card.multiple
    return {name: -(-each // multiple) * multiple for name, each in known.items() if name in free}


def _row(each: Comparison) -> tuple[str, ...]:
    if each.problem:
        return each.device, "", each.problem, "", "", "", ""
    operations, energy = each.synaptic_operations, each.energy_uj
    return (
        each.device,
        each.artifact,
        "yes" if each.is_right else f"no, tolerance is {each.tolerance:g}",
        f"{each.difference:.3g}",
        f"{each.step_ms:.3f}",
        "" if operations is None else f"{operations:,.0f}",
        "" if energy is None else f"{energy:.1f} uJ",
    )


def _formats(info: DeviceInfo) -> str:
    return ", ".join(info.formats)


def _memory(info: DeviceInfo) -> str:
    return "" if info.memory_bytes is None else f"{info.memory_bytes / 2**20:,.0f} MiB"


def _print_json(content: dict[str, Any]) -> int:
    json.dump(content, sys.stdout, indent=2)
    print()  # noqa: T201
    return 0

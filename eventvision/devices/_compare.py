"""The golden sample of a model on several devices: what they answer, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EventVisionError, GoldenSample, ModelCard, load_golden

from ._facets import ActivityMeter, PowerMeter
from ._golden import golden_outputs, tolerance_of
from ._open import open_session
from ._registry import probe_devices
from ._session import DeviceSession
from ._tensors import Arrays

_UNASKED = ("null", "process", "hybrid")
"""Devices that say nothing of a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How a model did on a device.

    Attributes:
        device: Name of the device.
        artifact: The form of the model that ran.
        problem: Why it did not run; empty if it did, else nothing below is known.
        difference: Largest absolute difference from the golden outputs of that form.
        tolerance: How large it may be.
        step_ms: Median time of a step.
        synaptic_operations: Additions per step, where the device counts them.
        energy_uj: Energy per step, where the device measures it.
    """

    device: str
    artifact: str = ""
    problem: str = ""
    difference: float = 0.0
    tolerance: float = 0.0
    step_ms: float = 0.0
    synaptic_operations: float | None = None
    energy_uj: float | None = None

    @property
    def is_right(self) -> bool:
        """Whether the golden outputs came out."""
        return not self.problem and self.difference <= self.tolerance


def comparable_devices() -> tuple[str, ...]:
    """Names of the devices that are here and compute something."""
    return tuple(
        info.name for info in probe_devices() if info.is_present and info.name not in _UNASKED
    )


def compare_devices(
    card: ModelCard,
    devices: Iterable[str] | None = None,
    *,
    threads: int = 1,
    rounds: int = 5,
) -> tuple[Comparison, ...]:
    """Run the golden sample of a model on devices, one after another.

    Args:
        card: The model.
        devices: Their names, as `open_session` takes them; all that are here if None.
        threads: Most processors that each may keep busy.
        rounds: How often the sample is run for the time.

    Raises:
        ModelError: If the model has no sound golden sample.
        ValueError: If a number is out of its range.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    sample = load_golden(card)
    names = comparable_devices() if devices is None else tuple(devices)
    return tuple(_compared(card, sample, name, threads, rounds) for name in names)


def run_golden(session: DeviceSession, sample: GoldenSample) -> dict[str, NDArray[np.generic]]:
    """Run a golden sample from a fresh start; return outputs by name, shape (steps, ...)."""
    session.reset()
    rows = [session.step(_row(sample, index)) for index in range(sample.steps)]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def largest_difference(found: Arrays, expected: Arrays) -> float:
    """Return the largest absolute difference of any value; infinite if shapes differ."""
    differences = [0.0]
    for name, wanted in expected.items():
        if name not in found or found[name].shape != wanted.shape:
            return float("inf")
        both = np.asarray(found[name], np.float64) - np.asarray(wanted, np.float64)
        differences.append(float(np.abs(both).max(initial=0.0)))
    return max(differences)


def _compared(
    card: ModelCard, sample: GoldenSample, name: str, threads: int, rounds: int
) -> Comparison:
    try:
        with open_session(card, name, threads=threads) as session:
            artifact = session.artifact
            difference = largest_difference(
                run_golden(session, sample), golden_outputs(card, artifact)
            )
            step_ms, power_mw = _timed(session, sample, rounds)
            return Comparison(
                device=name,
                artifact=artifact,
                difference=difference,
                tolerance=tolerance_of(card, artifact),
                step_ms=step_ms,
                synaptic_operations=_operations(session, sample),
                energy_uj=None if power_mw is None else power_mw * step_ms,
            )
    except EventVisionError as error:
        return Comparison(device=name, problem=str(getattr(error, "problem", error)))


def _timed(session: DeviceSession, sample: GoldenSample, rounds: int) -> tuple[float, float | None]:
    """Return the median time of a step in milliseconds, and the mean power meanwhile."""
    meter = session.facet(PowerMeter)
    if meter is not None:
        meter.read_mw()
    times_s = []
    for _ in range(rounds):
        for index in range(sample.steps):
            inputs = _row(sample, index)
            start_s = time.perf_counter()
            session.step(inputs)
            times_s.append(time.perf_counter() - start_s)
    return float(np.median(times_s)) * 1e3, None if meter is None else meter.read_mw()


def _operations(session: DeviceSession, sample: GoldenSample) -> float | None:
    meter = session.facet(ActivityMeter)
    if meter is None:
        return None
    session.reset()
    total = 0
    for index in range(sample.steps):
        session.step(_row(sample, index))
        total += meter.read().synaptic_operations
    return total / sample.steps


def _row(sample: GoldenSample, index: int) -> Mapping[str, NDArray[np.generic]]:
    return {name: values[index] for name, values in sample.inputs.items()}

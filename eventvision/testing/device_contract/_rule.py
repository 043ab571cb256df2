"""A rule, and how a device is held to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Device,
    Fit,
    GoldenSample,
    ModelCard,
    Session,
    SessionOptions,
    load_card,
    load_golden,
)
from eventvision.devices import find_device

Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]


class BrokenRuleError(AssertionError):
    """A device does not do what every device does."""


class Case:
    """A device and a model to try it with.

    Args:
        name: The device.
        card: The model; it should fit the device and have a golden sample.
    """

    def __init__(self, name: str, card: ModelCard) -> None:
        self.name, self.card = name, card
        self.device: Device = find_device(name)
        self.sample: GoldenSample = load_golden(card)
        self.options = SessionOptions(sizes=_sizes(card, self.sample))

    @property
    def fit(self) -> Fit:
        """What the device says about the model."""
        return self.device.fits(self.card, self.options)

    def inputs(self, index: int) -> dict[str, NDArray[np.generic]]:
        """Return copies of the inputs of a step."""
        specs = self.card.inputs
        return {
            name: values[index].astype(specs[name].dtype)
            for name, values in self.sample.inputs.items()
        }

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open the model, and close it afterwards."""
        session = self.device.open(self.card, self.options)
        try:
            yield session
        finally:
            session.close()

    def run(self, session: Session) -> dict[str, NDArray[np.generic]]:
        """Run the whole sample; return outputs by name, shape (steps, ...)."""
        rows = [session.step(self.inputs(index)) for index in range(self.sample.steps)]
        return {name: np.stack([row[name] for row in rows]) for name in self.card.outputs}


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that every device does.

    Attributes:
        sentence: What it does.
        needs_device: Whether the device must be here to show it.
        test: Raises `BrokenRuleError` if it does not.
    """

    sentence: str
    needs_device: bool
    test: Callable[[Case], None]

    def check(self, device: str, model: ModelCard | str | Path = "digits-nano") -> None:
        """Hold a device to the rule.

        Args:
            device: Its name, as in `--device`.
            model: A model that fits it, with a golden sample.

        Raises:
            BrokenRuleError: If the device breaks the rule.
            EventVisionError: If there is no such device or model.
        """
        card = model if isinstance(model, ModelCard) else load_card(model)
        self.test(Case(device, card))

    def __str__(self) -> str:
        return self.sentence


def broken_rules(
    rules: Iterable[Rule], device: str, model: ModelCard | str | Path = "digits-nano"
) -> tuple[str, ...]:
    """Hold a device to several rules; return a line for each that it breaks.

    Rules that need the device are left out where it is missing.
    """
    is_present = find_device(device).probe().is_present
    return tuple(
        f"{rule}: {reason}"
        for rule in rules
        if (is_present or not rule.needs_device) and (reason := _reason(rule, device, model))
    )


def need(holds: bool, problem: str) -> None:
    """Raise `BrokenRuleError` unless something holds."""
    if not holds:
        raise BrokenRuleError(problem)


def _reason(rule: Rule, device: str, model: ModelCard | str | Path) -> str:
    try:
        rule.check(device, model)
    except Exception as error:  # any error in there breaks the rule
        return f"{type(error).__name__}: {error}"
    return ""


def _sizes(card: ModelCard, sample: GoldenSample) -> dict[str, int]:
    """Return the free sizes for which the sample was made."""
    return {
        size: length
        for name, spec in card.inputs.items()
        for size, length in zip(spec.shape, sample.inputs[name].shape[1:], strict=True)
        if isinstance(size, str)
    }

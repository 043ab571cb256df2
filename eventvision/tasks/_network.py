"""A network behind several tasks: one step for each slice, however many of them read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    Events,
    EventSession,
    ModelCard,
    ModelError,
    Representation,
    Session,
    Slice,
    SliceDroppedError,
)
from eventvision.kernels.binning import bin_pixels

from ._frame import Frame

Outputs = Mapping[str, NDArray[np.generic]]


class Network:
    """Renders slices for a network and runs it; where its device renders events itself, it does.

    A slice without events says that nothing changed: the network does not run, its state and its
    outputs stay. Before there were any events, outputs are what a fresh network says of nothing.

    Args:
        card: The model.
        session: Where it runs. The caller closes it.
        representation: What the card names, for `frame.filled`.
        frame: What the model sees of the sensor.

    Attributes:
        card: The model.
        frame: What it sees.
        steps: How often it ran since the last reset.
        version: Outputs are new when this has changed.

    Raises:
        ModelError: If the representation is not what the model's input is.
    """

    def __init__(
        self, card: ModelCard, session: Session, representation: Representation, frame: Frame
    ) -> None:
        ((self._input, spec),) = card.inputs.items()
        wanted = spec.shape_for(frame.sizes(card))
        if wanted != (1, *representation.shape):
            problem = f"takes {wanted}, but {card.representation} is {representation.shape}"
            raise ModelError(card.name, problem, "correct its card")
        self.card, self.frame = card, frame
        self.steps = self.version = 0
        self._session, self._representation = session, representation
        self._grid = np.zeros(representation.shape, representation.dtype)
        self._outputs: Outputs | None = None
        self._slice: Slice | None = None
        self._failure: SliceDroppedError | None = None

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.card.name

    def step(self, slice_: Slice) -> Outputs:
        """Return the outputs after a slice; asked again about the same one, it does not run again.

        Raises:
            SliceDroppedError: If the device has just failed; the next slice may succeed.
        """
        if slice_ is not self._slice:
            self._slice, self._failure = slice_, None
            try:
                self._advance(slice_)
            except SliceDroppedError as error:
                self._failure = error
        if self._failure is not None or self._outputs is None:
            raise self._failure or RuntimeError("a network that ran has outputs")
        return self._outputs

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._session.reset()
        self._representation.reset()
        self._outputs = self._slice = self._failure = None
        self.steps = 0

    def _advance(self, slice_: Slice) -> None:
        if not len(slice_) and self._outputs is not None:
            return
        seen = replace(slice_, events=self._seen(slice_.events))
        session = self._session
        if isinstance(session, EventSession) and session.takes_events:
            duration_us = max(slice_.duration_us, 1)
            self._outputs = session.step_events(seen.events.data, slice_.t0_us, duration_us)
        else:
            self._grid = self._representation.render(seen, self._grid)
            self._outputs = session.step({self._input: self._grid[None]})
        self.steps += 1
        self.version += 1
        if not len(slice_):
            self._session.reset()

    def _seen(self, events: Events) -> Events:
        """Return events on the pixels of the network's input."""
        if self.frame.binning == 1:
            return Events(events.data, self.frame.filled)
        binned = np.empty(len(events), EVENT_DTYPE)
        bin_pixels(events.data, self.frame.binning, binned)
        return Events(binned, self.frame.filled)

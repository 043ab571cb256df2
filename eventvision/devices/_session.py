"""A session as it is handed out: held against the card on both sides, and supervised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, ModelCard

from ._facets import EventIntake, F, facet
from ._supervised import Health, SupervisedSession
from ._tensors import Arrays, checked_inputs, sizes_of, unknown_sizes

Opener = Callable[[Mapping[str, int]], SupervisedSession]
"""Opens the model on its device for given sizes."""


class DeviceSession:
    """A model that runs on a device; its state is kept there from step to step.

    Where the card leaves sizes free and they were not given, the first step settles them; they stay
    as long as the session lives.

    Args:
        device: Name of the device, as long as nothing has run on it.
        card: The model.
        artifact: The form of the model that it takes.
        sizes: The free sizes that are known.
        opener: Opens the model once all sizes are known.
    """

    def __init__(
        self,
        device: str,
        card: ModelCard,
        artifact: str,
        sizes: Mapping[str, int],
        opener: Opener,
    ) -> None:
        self.card = card
        self._planned = Health(device, 0, 0, 0, "", is_running=False)
        self._artifact = artifact
        self._sizes, self._opener = dict(sizes), opener
        self._session: SupervisedSession | None = None
        self._closed = False
        if not unknown_sizes(card, sizes):
            self._session = opener(self._sizes)

    @property
    def device(self) -> str:
        """Name of the device that runs the model now."""
        return self.health.device

    @property
    def artifact(self) -> str:
        """The form of the model that runs."""
        return self._artifact if self._session is None else self._session.artifact

    @property
    def health(self) -> Health:
        """Failures, restarts, dropped slices."""
        return self._planned if self._session is None else self._session.health

    def facet(self, kind: type[F]) -> F | None:
        """Return a facet of what runs, or None if it has none of that type."""
        return facet(self._session, kind)

    @property
    def sizes(self) -> dict[str, int]:
        """The free sizes of the card, as far as they are settled."""
        return dict(self._sizes)

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Take one step.

        Args:
            inputs: Every input of the card by name, in its shape; types are converted where
                nothing is lost.

        Returns:
            Every output of the card by name, in its shape and type; the arrays are the caller's.

        Raises:
            ConfigError: If an input is not as the card says.
            SliceDroppedError: If the device failed in this step or is being started again; a
                later step will give a result, from a fresh state.
            DeviceError: If the device never gave a result, or the session is closed.
        """
        session = self._opened(inputs)
        return session.step(checked_inputs(self.card, inputs, self._sizes))

    @property
    def takes_events(self) -> bool:
        """Whether what runs renders events itself, see `step_events`."""
        return self.facet(EventIntake) is not None

    def step_events(
        self, events: NDArray[np.void], t0_us: int, duration_us: int
    ) -> dict[str, NDArray[np.generic]]:
        """Take one step on the events of a slice, rendered on the device as the card says.

        Args:
            events: `EVENT_DTYPE`, all within the model's input and [t0_us, t0_us + duration_us).
            t0_us: Beginning of the slice.
            duration_us: Its length.

        Raises:
            SliceDroppedError: As for `step`.
            DeviceError: As for `step`, or if what runs does not take events.
        """
        if self._closed or self._session is None or not self.takes_events:
            problem = "the session is closed" if self._closed else "it takes no events"
            raise DeviceError(self.device, problem, "give it what its card says, by `step`")
        return self._session.run(lambda session: _intake(session).step(events, t0_us, duration_us))

    def reset(self) -> None:
        """Set the state back to that of a fresh start."""
        if self._session is not None:
            self._session.reset()

    def close(self) -> None:
        """Release the device; may be called twice."""
        self._closed = True
        if self._session is not None:
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _opened(self, inputs: Arrays) -> SupervisedSession:
        if self._closed:
            raise DeviceError(self.device, "the session is closed", "open another")
        if self._session is None:
            self._sizes = sizes_of(self.card, inputs, self._sizes)
            self._session = self._opener(self._sizes)
        return self._session


def _intake(session: object) -> EventIntake:
    intake = facet(session, EventIntake)
    if intake is None:
        raise TypeError("the device that took over takes no events")
    return intake

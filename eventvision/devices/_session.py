"""A session as it is handed out: held against the card on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, ModelCard, Session

from ._tensors import Arrays, checked_inputs, sizes_of, unknown_sizes

Opener = Callable[[Mapping[str, int]], Session]
"""Opens the model on its device for given sizes."""


class DeviceSession:
    """A model that runs on a device; its state is kept there from step to step.

    Where the card leaves sizes free and they were not given, the first step settles them; they stay
    as long as the session lives.

    Args:
        device: Name of the device.
        card: The model.
        artifact: The form of the model that runs.
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
        self.device, self.card, self.artifact = device, card, artifact
        self._sizes, self._opener = dict(sizes), opener
        self._session: Session | None = None
        self._closed = False
        if not unknown_sizes(card, sizes):
            self._session = opener(self._sizes)

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
            DeviceError: If the device failed, or the session is closed.
        """
        session = self._opened(inputs)
        return session.step(checked_inputs(self.card, inputs, self._sizes))

    def reset(self) -> None:
        """Set the state back to that of a fresh start."""
        if self._session is not None:
            self._session.reset()

    def close(self) -> None:
        """Release the device; may be called twice."""
        session, self._session = self._session, None
        self._closed = True
        if session is not None:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _opened(self, inputs: Arrays) -> Session:
        if self._closed:
            raise DeviceError(self.device, "the session is closed", "open another")
        if self._session is None:
            self._sizes = sizes_of(self.card, inputs, self._sizes)
            self._session = self._opener(self._sizes)
        return self._session

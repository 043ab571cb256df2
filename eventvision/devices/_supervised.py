"""A session that outlives the failures of its device.

When a step fails, what is left of the device is closed and it is opened again in the background,
after a wait that doubles with every failure. Slices that come meanwhile are refused at once with
`SliceDroppedError` and counted. After several failures a fall-back takes over, if one was named.
Every such turn is reported; nothing is kept quiet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, Session, SliceDroppedError, one_line

from ._restart import Restart, close_quietly
from ._tensors import Arrays

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """How a failure is noticed, and how the device is started again.

    Attributes:
        step_timeout_s: A step that takes longer has failed; only a device in a process of its own
            can be stopped in one.
        start_timeout_s: Likewise for opening a model.
        first_wait_s: Wait before the first new start; it doubles with each failure.
        longest_wait_s: It grows no longer than this.
        attempts: Failures in a row after which the fall-back takes over. Without a fall-back a
            device that ever gave a result is started again for ever, any other is given up.
        steady_s: A device that ran so long has recovered: failures are counted anew.
    """

    step_timeout_s: float = 2.0
    start_timeout_s: float = 60.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    attempts: int = 3
    steady_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("step_timeout_s", "start_timeout_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.first_wait_s <= self.longest_wait_s:
            raise ValueError("first_wait_s must be between 0 and longest_wait_s")
        if self.attempts < 1:
            raise ValueError(f"attempts must be at least 1, got {self.attempts}")
        if self.steady_s < 0:
            raise ValueError(f"steady_s must not be negative, got {self.steady_s}")

    def wait_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        return float(min(self.first_wait_s * 2.0 ** min(failures - 1, 60), self.longest_wait_s))


@dataclass(frozen=True, slots=True)
class Health:
    """How a session is.

    Attributes:
        device: The device that runs now, or is being started.
        failures: Failures so far.
        restarts: How often a device was opened again.
        dropped: Slices that got no result.
        last_failure: What was wrong last; empty if nothing was.
        is_running: Whether the next slice will be tried.
    """

    device: str
    failures: int
    restarts: int
    dropped: int
    last_failure: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device on which the model can be opened.

    Attributes:
        device: Its name.
        artifact: The form of the model that it takes.
        open: Opens the model.
        check: Raises `DeviceError` for outputs that cannot be right.
    """

    device: str
    artifact: str
    open: Callable[[], Session]
    check: Callable[[Arrays], dict[str, NDArray[np.generic]]]


class SupervisedSession:
    """Runs a model on the first of some devices, and on the next where that one fails.

    Args:
        candidates: The device and, where one was named, its fall-back.
        recovery: When to start again.
        report: Takes one line for everything that a user should know.

    Raises:
        DeviceError: If the last candidate cannot be opened.
    """

    def __init__(
        self, candidates: tuple[Candidate, ...], recovery: Recovery, report: Report
    ) -> None:
        self._candidates, self._recovery, self._report = list(candidates), recovery, report
        self._failures = self._in_a_row = self._restarts = self._dropped = 0
        self._last_failure = ""
        self._ever_ran = False
        self._hopeless: DeviceError | None = None
        self._restart: Restart | None = None
        self._session: Session | None = self._opened_first()
        self._running_since = time.monotonic()

    @property
    def health(self) -> Health:
        """How it is."""
        return Health(
            self._device,
            self._failures,
            self._restarts,
            self._dropped,
            self._last_failure,
            self._session is not None,
        )

    @property
    def artifact(self) -> str:
        """The form of the model that runs."""
        return self._candidates[0].artifact

    @property
    def facets(self) -> tuple[object, ...]:
        """Facets of the session that runs."""
        return tuple(getattr(self._session, "facets", ()))

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Take one step.

        Raises:
            SliceDroppedError: If the device failed in it, or is being started again.
            DeviceError: If it was given up.
        """
        return self.run(lambda session: session.step(inputs))

    def run(self, work: Callable[[Session], Arrays]) -> dict[str, NDArray[np.generic]]:
        """Let the session take a step in another way than by `step`.

        Args:
            work: Makes the session take the step and returns its outputs.

        Raises:
            SliceDroppedError: As for `step`.
            DeviceError: Likewise.
        """
        session = self._running()
        try:
            outputs = self._candidates[0].check(work(session))
        except Exception as error:  # whatever a driver raises
            self._failed(error)
            raise self._drop() from error
        self._ever_ran = True
        return outputs

    def reset(self) -> None:
        """Set the state back; a device that is being started begins fresh anyway."""
        if self._session is None:
            return
        try:
            self._session.reset()
        except Exception as error:  # whatever a driver raises
            self._failed(error)

    def close(self) -> None:
        """Release the device, and give up starting it."""
        if self._restart is not None:
            self._restart.give_up()
            self._restart = None
        self._let_go()

    @property
    def _device(self) -> str:
        return self._candidates[0].device

    def _opened_first(self) -> Session:
        while True:
            try:
                return self._candidates[0].open()
            except DeviceError as error:
                if len(self._candidates) == 1:
                    raise
                self._failures += 1
                self._last_failure = _told(error)
                self._take_over()

    def _running(self) -> Session:
        """Return the session, or drop the slice if there is none yet."""
        if self._hopeless is not None:
            raise self._hopeless
        if self._session is None:
            self._adopt()
        if self._session is None:
            raise self._drop()
        return self._session

    def _adopt(self) -> None:
        """Take what was opened in the background, if it is ready."""
        if self._restart is None or not (self._restart.is_done or self._restart.is_late):
            return
        restart, self._restart = self._restart, None
        if not restart.is_done:
            restart.give_up()
        if restart.error is not None:
            self._failed(restart.error)
            return
        self._session = restart.session
        self._restarts += 1
        self._running_since = time.monotonic()
        lost = f"{self._dropped} slices dropped so far"
        self._report(f"device {self._device}: runs again, from a fresh state; {lost}")

    def _failed(self, error: BaseException) -> None:
        self._let_go()
        if time.monotonic() - self._running_since >= self._recovery.steady_s:
            self._in_a_row = 0
        self._failures += 1
        self._in_a_row += 1
        self._last_failure = _told(error)
        one_left = len(self._candidates) == 1
        wait_s = 0.0
        if self._in_a_row < self._recovery.attempts or (one_left and self._ever_ran):
            wait_s = self._recovery.wait_s(self._in_a_row)
            problem = f"device {self._device}: failed ({self._last_failure})"
            self._report(f"{problem}; starting it again in {wait_s:g} s")
        elif one_left:
            problem = f"gave no result in {self._in_a_row} starts ({self._last_failure})"
            self._hopeless = DeviceError(self._device, problem, "choose another device")
            raise self._hopeless from error
        else:
            self._take_over()
        self._running_since = time.monotonic() + wait_s
        self._restart = Restart(self._candidates[0].open, wait_s, self._recovery.start_timeout_s)

    def _take_over(self) -> None:
        gone = self._candidates.pop(0)
        self._in_a_row = 0
        problem = f"device {gone.device}: given up ({self._last_failure})"
        self._report(f"{problem}; {self._device} takes over, from a fresh state")

    def _drop(self) -> SliceDroppedError:
        self._dropped += 1
        return SliceDroppedError(self._device, self._last_failure, "it is being started again")

    def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            close_quietly(session)


def _told(error: BaseException) -> str:
    problem = getattr(error, "problem", None)
    return one_line(str(problem) if problem else f"{type(error).__name__}: {error}")

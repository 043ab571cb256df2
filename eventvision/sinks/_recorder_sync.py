"""Makes the disk hold a growing file, without keeping anybody from writing to it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from eventvision.core import output_errors


class DiskSync:
    """Calls `fsync` again and again in a thread of its own, since a disk may take its time.

    Args:
        path: The file.
        every_s: How long to wait between two calls.
    """

    def __init__(self, path: Path, every_s: float) -> None:
        self._path = path
        self._every_s = every_s
        self._failure: OSError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventvision-sync", daemon=True)

    def check(self) -> None:
        """Say what went wrong on the disk since the last check.

        Raises:
            OutputError: If the disk could not take what was written.
        """
        failure, self._failure = self._failure, None
        if failure is not None:
            with output_errors(self._path):
                raise failure

    def __enter__(self) -> Self:
        with output_errors(self._path):
            self._file = self._path.open("rb", buffering=0)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        with self._file:
            self._sync()
        if error is None:
            self.check()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self._sync()

    def _sync(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as failure:
            self._failure = failure

"""A thread of the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ._handover import HandOver, HandOverAborted


class Stage:
    """A thread that keeps its failure for the caller and always closes what it feeds."""

    def __init__(self, name: str, work: Callable[[], None], feeds: HandOver[Any]) -> None:
        self._work = work
        self._feeds = feeds
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"eventvision-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def raise_failure(self) -> None:
        """Raise what ended the thread early, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._work()
        except HandOverAborted:
            pass
        except BaseException as failure:  # handed to the caller's thread by raise_failure
            self._failure = failure
        finally:
            self._feeds.close()

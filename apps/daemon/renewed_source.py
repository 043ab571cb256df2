"""A live source that is opened again when it hangs, while everything behind it goes on.

    thread: open ──▶ read ──packets──▶ whoever iterates
            hangs: left behind, and another thread opens the source again

Filters, slicer, networks, tracks, the pre-roll and a recording stay; the gap is marked.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Self

from eventvision.core import (
    Damage,
    DamageReport,
    Packet,
    SeekError,
    Source,
    SourceError,
    SourceInfo,
)
from eventvision.io import follow_settings

from .time_line import TimeLine
from .turns import OvertakenError, Turn

PACKETS_WAITING = 4
IDLE_S = 0.1
CLOSE_S = 1.0
"""Closing a source that hangs may hang, too; it is left to itself after so long."""


class _Opened:
    """What follows comes from a source that was opened again."""


class _Ended:
    """Nothing follows."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure


class RenewedSource:
    """Reads a live source in a thread of its own.

    Args:
        source: The source, open.
        open_again: Opens it anew.
        tell: Hears of settings of a camera that change meanwhile.

    Attributes:
        name: Of the stage.
        is_vital: Always.
        info: What the source said when it was first opened.
        is_live: Always.
        progress: None: there is no end.
    """

    name = "source"
    is_vital = True
    is_live = True
    progress: float | None = None

    def __init__(
        self, source: Source, open_again: Callable[[], Source], tell: Callable[[str], None]
    ) -> None:
        self._source, self._open_again, self._tell = source, open_again, tell
        self.info: SourceInfo = source.info
        self._earlier_damage = DamageReport()
        self._earlier_drops: Counter[str] = Counter()
        self._items: queue.Queue[Packet | _Opened | _Ended] = queue.Queue(PACKETS_WAITING)
        self._closed = threading.Event()
        self._turn = Turn()
        self._is_away = False

    @property
    def damage(self) -> DamageReport:
        """What was wrong so far, each time that it was open."""
        found = DamageReport()
        found.add_all(self._earlier_damage)
        found.add_all(self._source.damage)
        return found

    @property
    def dropped(self) -> Mapping[str, int]:
        """What the source lost, by cause, each time that it was open."""
        return self._earlier_drops + Counter(getattr(self._source, "dropped", {}))

    @property
    def state(self) -> str:
        """`waiting` while it is being opened again, or what the source says."""
        return "waiting" if self._is_away else getattr(self._source, "state", "open")

    @property
    def busy_s(self) -> float:
        """How long it has been at the same packet, or opened, or its driver has not answered."""
        return max(self._turn.busy_s, self._stalled_s)

    def __iter__(self) -> Iterator[Packet]:
        """Yield packets as they come; an empty one every 100 ms while none does."""
        line = TimeLine(self.info.sensor)
        self._begin(lambda: self._source, 0.0)
        while not self._closed.is_set():
            try:
                item = self._items.get(timeout=IDLE_S)
            except queue.Empty:
                yield line.silence()
                continue
            if isinstance(item, Packet):
                yield line.placed(item)
            elif isinstance(item, _Opened):
                line.interrupt()
            elif item.failure is not None:
                raise item.failure
            else:
                return

    def restart(self, limit_s: float, wait_s: float) -> bool:
        """Leave a source that hangs, and open it again."""
        if not self._turn.take(-1.0 if self._stalled_s > limit_s else limit_s):
            return False
        self._is_away = True
        message = f"the source hung for {limit_s:g} s; it was opened again"
        self._earlier_damage.add(Damage(kind="stalled", message=message))
        threading.Thread(target=_close, args=(self._source,), daemon=True).start()
        self._begin(self._open_again, wait_s)
        return True

    def seek(self, t_us: int) -> None:
        """Refuse.

        Raises:
            SeekError: Always.
        """
        raise SeekError(self.info.name, f"comes live and cannot go to {t_us} us", "record it")

    def close(self) -> None:
        """Release the source; may be called twice."""
        self._closed.set()
        closing = threading.Thread(target=_close, args=(self._source,), daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _stalled_s(self) -> float:
        """How long the driver of a camera has not answered, in a thread of its own."""
        return 0.0 if self._is_away else float(getattr(self._source, "stalled_s", 0.0))

    def _begin(self, opener: Callable[[], Source], wait_s: float) -> None:
        self._turn = turn = Turn()
        threading.Thread(
            target=self._run, args=(turn, opener, wait_s), name="eventvision-reader", daemon=True
        ).start()

    def _run(self, turn: Turn, opener: Callable[[], Source], wait_s: float) -> None:
        failure: BaseException | None = None
        try:
            if not self._closed.wait(wait_s):
                self._read(turn, opener)
        except OvertakenError:
            return
        except BaseException as error:  # raised by whoever iterates
            failure = error
        if not turn.is_over:
            self._put(_Ended(failure), turn)

    def _read(self, turn: Turn, opener: Callable[[], Source]) -> None:
        turn.begin()
        source = opener()
        try:
            turn.end()
        except OvertakenError:
            _close(source)
            raise
        if source is not self._source:
            self._adopt(source, turn)
        with follow_settings(source, self._tell):
            turn.begin()
            for packet in source:
                turn.end()
                self._put(packet, turn)
                if self._closed.is_set():
                    return
                turn.begin()
            turn.end()

    def _adopt(self, source: Source, turn: Turn) -> None:
        before = self._source
        self._earlier_damage.add_all(before.damage)
        self._earlier_drops += Counter(getattr(before, "dropped", {}))
        self._source = source
        if self._closed.is_set():
            _close(source)
        if source.info.sensor != self.info.sensor:
            problem = f"has {source.info.sensor} now, and had {self.info.sensor}"
            raise SourceError(self.info.name, problem, "everything is begun anew")
        self._put(_Opened(), turn)
        self._is_away = False

    def _put(self, item: Packet | _Opened | _Ended, turn: Turn) -> None:
        while not (self._closed.is_set() or turn.is_over):
            with suppress(queue.Full):
                self._items.put(item, timeout=IDLE_S)
                return


def _close(source: Source) -> None:
    """Close what may hang or be broken already."""
    with suppress(Exception):
        source.close()

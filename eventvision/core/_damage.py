"""What a reader found wrong with its input, and what it left out because of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ._errors import one_line


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """One damaged place.

    Attributes:
        kind: Short stable name, such as `truncated`, `corrupt-block`, `time-backwards`.
        message: What was found there, in words; what is not printable is escaped.
        byte_start: First byte of the place in the file; None where bytes mean nothing.
        byte_end: One past its last byte; None likewise.
        events_skipped: Events known to be lost there.
    """

    kind: str
    message: str
    byte_start: int | None = None
    byte_end: int | None = None
    events_skipped: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", one_line(self.message))

    def __str__(self) -> str:
        place = "" if self.byte_start is None else f" at bytes {self.byte_start}-{self.byte_end}"
        lost = f", {self.events_skipped} events skipped" if self.events_skipped else ""
        return f"{self.kind}{place}: {self.message}{lost}"


@dataclass(slots=True)
class DamageReport:
    """Collects damage; memory stays bounded however bad the file is.

    Attributes:
        items: The first `most_items` places, in the order of reading.
        places: How many places there were in all.
        events_skipped: Events lost in all of them.
    """

    most_items: int = 100
    items: list[Damage] = field(default_factory=list)
    places: int = 0
    events_skipped: int = 0
    _kinds: dict[str, int] = field(default_factory=dict)

    def add(self, damage: Damage) -> None:
        """Count a damaged place, and keep it while there is room."""
        self.places += 1
        self.events_skipped += damage.events_skipped
        self._kinds[damage.kind] = self._kinds.get(damage.kind, 0) + 1
        if len(self.items) < self.most_items:
            self.items.append(damage)

    def add_all(self, other: DamageReport) -> None:
        """Count what another report holds, and keep its places while there is room."""
        self.places += other.places
        self.events_skipped += other.events_skipped
        for kind, count in other.kinds.items():
            self._kinds[kind] = self._kinds.get(kind, 0) + count
        self.items.extend(other.items[: max(0, self.most_items - len(self.items))])

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind occurred."""
        return dict(self._kinds)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values that JSON can hold."""
        return {
            "places": self.places,
            "events_skipped": self.events_skipped,
            "kinds": self.kinds,
            "items": [asdict(item) for item in self.items],
        }

    def __bool__(self) -> bool:
        return self.places > 0

    def __str__(self) -> str:
        if not self:
            return "none"
        kinds = ", ".join(f"{count}x {kind}" for kind, count in self._kinds.items())
        return f"{kinds}; {self.events_skipped} events skipped; first: {self.items[0]}"

"""Scores as tables, for eyes and for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES

from ._bootstrap import Estimate
from ._real_scoring import PictureScores
from ._scoring import SEEN, MethodScores

_PICTURES = (("mse", "MSE"), ("ssim", "SSIM"), ("correlation", "correlation"))
COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "reconstruction": _PICTURES,
    SEEN: _PICTURES,
    "detection": (
        ("map50", "mAP50"),
        *((f"ap50 {name}", name) for name in DETECTION_CLASSES),
        ("ap50 any class", "any class"),
    ),
    "segmentation": (
        ("miou", "mIoU"),
        ("accuracy", "pixels right"),
        *((f"iou {name}", name) for name in SEGMENTATION_CLASSES),
    ),
    "depth": (("abs_rel", "abs-rel"), ("delta_1.25", "δ < 1.25"), ("rmse_log", "RMSE log")),
}
"""Names of scores and their headings, by task."""

_MAIN = {
    "reconstruction": "ssim",
    SEEN: "ssim",
    "detection": "map50",
    "segmentation": "miou",
    "depth": "abs_rel",
}
_EARLY = {
    "mse", "ssim", "correlation", "map50", "ap50 any class", "miou", "accuracy", "abs_rel",
    "delta_1.25", "rmse_log",
}  # fmt: skip
"""Scores that tables of the first quarter of a second show."""

_PERSON = (("ap50 pedestrian", "AP50 person"), ("ap50 any class", "AP50 any class"))

Row = tuple[str, tuple[Estimate | None, ...]]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table.

    Attributes:
        title: What it is about.
        first: Heading of the first column.
        columns: Headings of the others.
        rows: A name and its scores; None where there is none.
    """

    title: str
    first: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def cells(self) -> list[tuple[str, ...]]:
        """Return the rows as text."""
        return [(name, *map(shown, scores)) for name, scores in self.rows]

    def markdown(self) -> str:
        """Return the table in Markdown."""
        head = (self.first, *self.columns)
        lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * len(self.columns)}"]
        lines += [f"| {' | '.join(cells)} |" for cells in self.cells()]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """Return the table for JSON: value, low and high of each score."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": {
                name: {
                    column: [_number(one.value), _number(one.low), _number(one.high)]
                    for column, one in zip(self.columns, scores, strict=True)
                    if one is not None
                }
                for name, scores in self.rows
            },
        }


def shown(score: Estimate | None) -> str:
    """Return a score with its interval, such as `0.61 (0.58–0.64)`; – for none."""
    if score is None or math.isnan(score.value):
        return "–"
    if score.low == score.high:
        return f"{score.value:.3f}"
    return f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})"


def set_tables(scores: Sequence[MethodScores]) -> list[ScoreTable]:
    """Return the tables of a frozen set: each task, its start, and groups of sequences."""
    tables = []
    for task, columns in COLUMNS.items():
        able = [one for one in scores if task in one.settled]
        if able:
            keys = [key for key, _ in columns]
            heads = tuple(head for _, head in columns)
            settled = tuple((one.name, _scores(one.settled[task], keys)) for one in able)
            tables.append(ScoreTable(task, "method", heads, settled))
            early = [(key, head) for key, head in columns if key in _EARLY]
            start = tuple(
                (one.name, _scores(one.start.get(task, {}), [key for key, _ in early]))
                for one in able
            )
            heads = tuple(head for _, head in early)
            tables.append(ScoreTable(f"{task}, first quarter of a second", "method", heads, start))
            tables.append(_groups(task, able))
    return tables


def _groups(task: str, able: Sequence[MethodScores]) -> ScoreTable:
    key = _MAIN[task]
    if not any(key in one.settled[task] for one in able):
        key = "ap50 any class"
    rows = tuple(
        (group, tuple(_plain(one.groups[group].get(task, {}).get(key)) for one in able))
        for group in able[0].groups
    )
    heading = dict(COLUMNS[task])[key]
    return ScoreTable(f"{task}, {heading} by group", "sequences", tuple(m.name for m in able), rows)


def image_tables(name: str, scores: Mapping[str, PictureScores]) -> list[ScoreTable]:
    """Return the tables of a real recording with images."""
    keys, heads = [key for key, _ in _PICTURES], tuple(head for _, head in _PICTURES)
    parts = (("whole frame", "whole"), ("where something happened", "active"))
    return [
        ScoreTable(
            f"{name}, {title}",
            "method",
            heads,
            tuple((method, _scores(getattr(one, part), keys)) for method, one in scores.items()),
        )
        for title, part in parts
    ]


def people_table(scores: Mapping[str, dict[str, Estimate]]) -> ScoreTable:
    """Return the table of people in windows of events."""
    keys, heads = [key for key, _ in _PERSON], tuple(head for _, head in _PERSON)
    rows = tuple((method, _scores(one, keys)) for method, one in scores.items())
    return ScoreTable("people", "method", heads, rows)


def _scores(found: Mapping[str, Estimate], keys: Sequence[str]) -> tuple[Estimate | None, ...]:
    return tuple(found.get(key) for key in keys)


def _plain(value: float | None) -> Estimate | None:
    return None if value is None else Estimate(value, value, value)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)

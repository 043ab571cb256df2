"""Writes what a model scored into its card."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from eventvision.core import ConfigError, Metric, output_errors

from ._bootstrap import Estimate
from ._models import OpenedModel
from ._report import Report

_CARD = "card.toml"
_WHOLE = ", whole frame"
_PICTURES = ("MSE", "SSIM", "correlation")
_KEPT = {
    "reconstruction": _PICTURES,
    "detection": ("mAP50", "any class"),
    "segmentation": ("mIoU",),
    "depth": ("abs-rel", "δ < 1.25"),
    "people": ("AP50 person", "AP50 any class"),
}
"""Columns that a card repeats, by title of the table; real recordings have those of pictures."""

_METRICS = re.compile(r"^\[\[metrics\]\]\n(?:(?!\[).*\n?)*", re.MULTILINE)
"""A table of the card from its heading to the next one."""


def cards_of(models: Sequence[OpenedModel]) -> list[Path]:
    """Return the files of the cards that models have; those of trainings may have none.

    Raises:
        ConfigError: If none has one.
    """
    cards = dict.fromkeys(model.folder / _CARD for model in models if model.card is not None)
    if not cards:
        raise ConfigError("--card", "", "at least one MODEL with a card")
    return list(cards)


def write_scores(report: Report, models: Sequence[OpenedModel], command: str) -> None:
    """Put the main scores of models into their cards, in place of those that were there.

    A model that was evaluated in several forms gets the scores of each.

    Args:
        report: The evaluation.
        models: Those of its models whose cards are meant.
        command: The command that made the report.

    Raises:
        ConfigError: If none of them has a card.
        OutputError: If a card cannot be written.
    """
    for card in cards_of(models):
        metrics = [
            Metric(name, score.value, score.low, score.high, model.artifact, data, command)
            for model in models
            if model.folder == card.parent
            for name, score, data in _rows(report, model.network.name)
        ]
        _put(card, metrics)


def _rows(report: Report, method: str) -> Iterator[tuple[str, Estimate, str]]:
    """Return name, score and data of the main scores of a method."""
    for section in report.sections:
        for table in section.tables:
            data = f"{section.title}: {table.title.removesuffix(_WHOLE)}"
            kept = _PICTURES if table.title.endswith(_WHOLE) else _KEPT.get(table.title, ())
            scores = dict(zip(table.columns, dict(table.rows).get(method, ()), strict=False))
            for column in kept:
                score = scores.get(column)
                if score is not None and math.isfinite(score.value):
                    yield column, score, data


def _put(card: Path, metrics: Sequence[Metric]) -> None:
    with output_errors(card):
        others = _METRICS.sub("", card.read_text(encoding="utf-8")).rstrip("\n")
        text = "\n\n".join([others, *map(_text, metrics)]) + "\n"
        unfinished = card.with_suffix(".part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(card)


def _text(metric: Metric) -> str:
    values = {
        "name": metric.name,
        "value": round(metric.value, 4),
        "low": round(min(metric.low, metric.value), 4),
        "high": round(max(metric.high, metric.value), 4),
        "artifact": metric.artifact,
        "data": metric.data,
        "command": metric.command,
    }
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return "\n".join(["[[metrics]]", *lines])

"""A page for each shipped model, from its card."""

from __future__ import annotations

from functools import cache

from eventvision.core import Metric, ModelCard, load_card, shipped_models


@cache
def model_pages() -> dict[str, tuple[str, str]]:
    """Return place and text of a page by the name of the model."""
    return {
        name: (f"reference/models/{name}.md", _page(load_card(name))) for name in shipped_models()
    }


def _page(card: ModelCard) -> str:
    facts = {
        "task": card.task,
        "input": card.representation,
        "slices": card.slicer or "any",
        "sensor": str(card.sensor or "any"),
        "classes": ", ".join(card.classes),
        "forms": ", ".join(f"{form} (`{file}`)" for form, file in card.artifacts.items()),
        "trained by": f"`{card.command}`" if card.command else "",
        "licence of the weights": card.licence,
    }
    rows = [f"| {name} | {_cell(value)} |" for name, value in facts.items() if value]
    return "\n".join([
        f"# {card.name}", "", card.summary, "",
        "| | |", "|---|---|", *rows, "",
        "## What it cannot do", "", *(f"- {limit}" for limit in card.limits), "",
        "## Scores", "",
        "| score | value | 95 % interval | form | data |", "|---|---:|---|---|---|",
        *(_score(metric) for metric in card.metrics), "",
        "## What it learned from", "",
        *(f"- {data.name} ({data.licence}): {data.origin}" for data in card.data), "",
    ])  # fmt: skip


def _score(metric: Metric) -> str:
    known = metric.low < metric.high
    span = f"{metric.low:.4g} to {metric.high:.4g}" if known else ""
    cells = (metric.name, f"{metric.value:.4g}", span, metric.artifact, _cell(metric.data))
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

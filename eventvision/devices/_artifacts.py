"""Which form of a model a device takes."""

from __future__ import annotations

from collections.abc import Sequence

from eventvision.core import Fit, ModelCard


def chosen(card: ModelCard, formats: Sequence[str]) -> Fit:
    """Return the first of the formats that the model has, or that it has none of them."""
    for name in formats:
        if name in card.artifacts:
            return Fit(artifact=name)
    if not formats:
        return Fit(reason="the device takes no model", remedy="choose another device")
    have = ", ".join(card.artifacts)
    reason = f"the device takes {' or '.join(formats)}, {card.name} has {have}"
    return Fit(reason=reason, remedy=f"export {card.name} as {formats[0]}")

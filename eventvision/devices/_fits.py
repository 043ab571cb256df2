"""Asks devices whether a model fits."""

from __future__ import annotations

from eventvision.core import DeviceInfo, EventVisionError, Fit, ModelCard, SessionOptions

from ._registry import find_device


def fit_on(info: DeviceInfo, card: ModelCard, options: SessionOptions) -> Fit:
    """Return whether a model fits a device; one that fails to say does not fit.

    Args:
        info: What the device said of itself.
        card: The model.
        options: `sizes` names the free sizes that are known.

    Raises:
        ModelError: If the model is damaged.
    """
    if not info.formats:
        return Fit(reason=info.missing or "it takes no model", remedy=info.remedy)
    try:
        return find_device(info.name).fits(card, options)
    except EventVisionError:
        raise
    except Exception as error:  # whatever a package of somebody else raises
        reason = f"it failed to say ({type(error).__name__}: {error})"
        return Fit(reason=reason, remedy="tell its authors")

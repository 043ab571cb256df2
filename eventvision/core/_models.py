"""Finds models: shipped ones by name, others by folder."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ._card_file import CARD_FILE, read_card
from ._errors import ModelError
from ._model_card import ModelCard

_PACKAGE = "eventvision_models"


def load_card(name_or_path: str | Path) -> ModelCard:
    """Read the card of a model.

    Args:
        name_or_path: Name of a shipped model, such as `digits-nano`, or a folder with a card. A
            text with a separator in it, or that begins with a dot, is a folder.

    Raises:
        ModelError: If there is no such model, or its card is wrong.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or "\\" in text or text.startswith("."):
        return read_card(Path(name_or_path))
    known = shipped_models()
    if text not in known:
        choices = ", ".join(known) or "none"
        raise ModelError(text, "no such model", f"shipped: {choices}; write ./{text} for a folder")
    return read_card(_shipped_folder() / text)


def shipped_models() -> tuple[str, ...]:
    """Names of the models that came with the installation, sorted."""
    folder = _shipped_folder()
    return tuple(sorted(card.parent.name for card in folder.glob(f"*/{CARD_FILE}")))


def _shipped_folder() -> Path:
    try:
        return Path(str(files(_PACKAGE)))
    except ModuleNotFoundError:
        raise ModelError("models", f"package {_PACKAGE} is missing", "reinstall") from None

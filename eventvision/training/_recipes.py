"""Recipes: TOML files whose settings are checked by a model."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from eventvision.core import ConfigError

Recipe = TypeVar("Recipe", bound=BaseModel)


def read_recipe(path: str | Path, model: type[Recipe]) -> Recipe:
    """Read a recipe.

    Args:
        path: A TOML file.
        model: What it describes.

    Raises:
        ConfigError: If it cannot be read or a setting in it is wrong.
    """
    try:
        return model.model_validate(recipe_content(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "recipe"
        raise ConfigError(f"{path}: {place}", first.get("input"), first["msg"]) from error


def recipe_content(path: str | Path) -> dict[str, Any]:
    """Return what a recipe says, unchecked.

    Raises:
        ConfigError: If it cannot be read.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("recipe", str(path), f"a TOML file that can be read ({error})") from error

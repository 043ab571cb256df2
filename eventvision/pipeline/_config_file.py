"""One file of settings for the command line, the GUI's presets and the daemon.

Its keys are the fields of `RunConfig`; applications add sections of their own, which the others
leave alone. Every problem is told with its place, all of them at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from eventvision.core import ConfigFileError, complete_file

from ._config import RunConfig, expectation
from ._yaml import Document, Key, dotted, plain_yaml, read_yaml, text_of

APPLICATION_SECTIONS = frozenset(
    {"gui", "http", "logging", "mqtt", "outputs", "recorder", "rerun", "watchdog"}
)
"""Sections that belong to an application; a `RunConfig` does not hold them."""

_SECRETS = ("password", "secret", "token")

M = TypeVar("M", bound=BaseModel)


def load_config(path: str | Path, *, given: Mapping[str, Any] | None = None) -> RunConfig:
    """Read the settings of a run.

    Args:
        path: The file, YAML.
        given: Settings that count instead of those in the file, such as command-line options.

    Raises:
        SourceNotFoundError: If there is no such file.
        ConfigFileError: If something in it cannot be used; tells all of it.
    """
    return load_settings_file(path, RunConfig, given=given, ignored=APPLICATION_SECTIONS)


def load_settings_file(
    path: str | Path,
    model: type[M],
    *,
    given: Mapping[str, Any] | None = None,
    ignored: Collection[str] = (),
) -> M:
    """Read the settings that a model describes.

    Args:
        path: The file, YAML.
        model: What the settings are.
        given: Settings that count instead of those in the file.
        ignored: Keys that belong to others.

    Raises:
        SourceNotFoundError: If there is no such file.
        ConfigFileError: If something in it cannot be used; tells all of it.
    """
    document = read_yaml(path)
    given = given or {}
    for key in [key for key in document.places if key and key[0] in given]:
        del document.places[key]
    values = {key: value for key, value in document.values.items() if key not in ignored}
    problems = list(document.problems)
    try:
        loaded = model.model_validate({**values, **given})
    except ValidationError as error:
        told = {problem.partition(": ")[0] for problem in problems}
        found = [_problem(document, problem, model, given) for problem in error.errors()]
        problems += [line for line in found if line.partition(": ")[0] not in told]
    if problems:
        raise ConfigFileError(path, sorted(dict.fromkeys(problems), key=_line_number))
    return loaded


def save_config(config: RunConfig, path: str | Path) -> None:
    """Write the settings of a run to a file; what it holds besides, comments too, stays.

    A new file gets what differs from the defaults. In a file that is there, a key is changed where
    its value means something else, so that `${NAME}` stays where it still fits.

    Raises:
        ConfigFileError: If the file is there and cannot be used.
        OutputError: If it cannot be written.
    """
    target, yaml = Path(path), plain_yaml()
    is_there = target.exists()
    before: dict[str, Any] = {}
    document = yaml.map()
    if is_there and read_yaml(target).values:
        before = load_config(target).model_dump(mode="json")
        document = yaml.load(text_of(target))
    _write_into(document, config, before)
    with complete_file(target) as part:
        if is_there:
            part.chmod(target.stat().st_mode & 0o777)  # it may hold secrets
        with part.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)


def _write_into(document: Any, config: RunConfig, before: Mapping[str, Any]) -> None:
    """Change a file's keys to what a configuration says; new ones come before the sections."""
    defaults = RunConfig.model_construct(source="").model_dump(mode="json", warnings=False)
    ours = [place for place, key in enumerate(document) if key in defaults]
    place = ours[-1] + 1 if ours else len(document)
    for name, value in config.model_dump(mode="json", include=set(defaults)).items():
        if name in document:
            if before.get(name) != value:
                document[name] = _as_yaml(value)
        elif value != defaults[name]:
            document.insert(place, name, _as_yaml(value))
            place += 1


def config_schema(model: type[BaseModel] = RunConfig) -> dict[str, Any]:
    """Return the JSON schema of a file of settings, for editors that check while one writes."""
    schema = model.model_json_schema(mode="validation")
    if model is RunConfig:
        others = {name: {"type": ["object", "null"]} for name in sorted(APPLICATION_SECTIONS)}
        schema["properties"] |= others
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _as_yaml(value: object) -> object:
    """Return lists in the form that stands on one line."""
    if isinstance(value, list):
        from ruamel.yaml.comments import CommentedSeq

        sequence = CommentedSeq(value)
        sequence.fa.set_flow_style()
        return sequence
    return value


def _problem(
    document: Document, error: Mapping[str, Any], model: type[BaseModel], given: Mapping[str, Any]
) -> str:
    key: Key = tuple(error["loc"])
    if key and key[0] in given:
        return f"{key[0]}: {_short(error['input'])} cannot be used; expected {expectation(error)}"
    while key and key not in document.places:
        if error["type"] == "missing" and key[:-1] in {(), *document.places}:
            break
        key = key[:-1]
    name, place = dotted(key), document.at(key)
    if error["type"] == "missing":
        return f"{place}: {name}: is missing; add {key[-1]}: VALUE"
    if error["type"] == "extra_forbidden":
        return f"{place}: {name}: is no setting; {_nearest(key, model)}"
    shown = _shown(document, key, error["input"])
    subject = f"{name}: {shown} cannot be used; " if key else ""
    return f"{place}: {subject}expected {expectation(error)}"


def _shown(document: Document, key: Key, value: object) -> str:
    """Return a value as it may be shown: secrets, and what the environment said, may not."""
    if any(secret in str(part) for part in key for secret in _SECRETS):
        return "what is written there"
    place = document.places.get(key)
    return repr(place.written) if place is not None and place.written else _short(value)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _nearest(key: Key, model: type[BaseModel]) -> str:
    """Say which setting was probably meant."""
    known = _names_in(model, key[:-1])
    near = difflib.get_close_matches(str(key[-1]), known, 1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"


def _names_in(model: type[BaseModel], key: Key) -> list[str]:
    for part in key:
        inner = model.model_fields[str(part)].annotation if part in model.model_fields else None
        candidates = [inner, *getattr(inner, "__args__", ())]
        nested = next(
            (kind for kind in candidates if isinstance(kind, type) and issubclass(kind, BaseModel)),
            None,
        )
        if nested is None:
            return []
        model = nested
    return list(model.model_fields)


def _line_number(problem: str) -> int:
    """Return the line that a problem tells of, for sorting; 0 if it tells none."""
    number = problem.partition(": ")[0].rpartition(":")[2]
    return int(number) if number.isdecimal() else 0

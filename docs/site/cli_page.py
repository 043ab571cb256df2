"""The page of the command line, from the commands themselves."""

from __future__ import annotations

from typing import Any

import typer.main
from eventvision_apps.cli.main import app

_HEAD = """# Command line

Made from the commands: `eventvision COMMAND --help` says the same. Every command takes `--help`.

Completion of commands and options by the shell: `eventvision --install-completion`.
"""


def cli_page() -> str:
    """Return the page."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n".join([_HEAD, *(_command(name, commands[name]) for name in sorted(commands))])


def _command(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(
        [
            "eventvision",
            name,
            *(_called(each) for each in arguments),
            *(["[OPTIONS]"] if options else []),
        ]
    )
    lines = [f"## {name}", "", command.help, "", "```text", usage, "```", ""]
    if arguments:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [f"| `{_called(each)}` | {_cell(each.help)} |" for each in arguments]
        lines += [""]
    if options:
        lines += ["| option | meaning | default |", "|---|---|---|"]
        lines += [f"| {_flags(each)} | {_cell(each.help)} | {_default(each)} |" for each in options]
        lines += [""]
    return "\n".join(lines)


def _called(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _flags(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar}"
    return ", ".join(f"`{flag}{value}`" for flag in option.opts)


def _default(option: Any) -> str:
    if option.required:
        return "must be given"
    if option.is_flag or option.default in (None, "", ()) or callable(option.default):
        return ""
    return f"`{option.default}`"


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")

"""`eventvision daemon`: perception that runs unattended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def daemon(
    config: Annotated[
        Path | None,
        typer.Option("-c", "--config", metavar="FILE", help="Settings, YAML. See docs/daemon.md."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say all that is wrong with the settings, and end.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the settings, and end.")
    ] = False,
    sample: Annotated[
        bool, typer.Option("--sample", help="Print sample settings to begin with, and end.")
    ] = False,
    install: Annotated[
        bool,
        typer.Option(
            "--install", help="Write a systemd unit, a user and sample settings, as root."
        ),
    ] = False,
    root: Annotated[
        Path, typer.Option(metavar="DIR", help="With --install: another root folder.")
    ] = Path("/"),
) -> None:
    """Perceive unattended: watched, restarted, with MQTT, HTTP, recordings around alarms."""
    from eventvision.core import ConfigError

    if sample:
        from ..daemon.install import sample as text_of

        typer.echo(text_of("eventvision.yaml"), nl=False)
        sys.exit(0)
    if schema:
        from ..daemon.main import show_schema

        sys.exit(show_schema())
    if install:
        from ..daemon.install import install as install_files

        sys.exit(install_files(root))
    if config is None:
        raise ConfigError("-c", "", "a file of settings; --sample prints one")
    from ..daemon import main

    sys.exit(main.check(config) if check else main.run(config))

"""Put the daemon into a system: unit, user, sample settings."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path

from eventvision.core import ConfigError, output_errors

UNIT = "etc/systemd/system/eventvision.service"
USERS = "etc/sysusers.d/eventvision.conf"
SETTINGS = "etc/eventvision/eventvision.yaml"

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108
"""What `ProtectHome` and `PrivateTmp` of the unit hide from the service."""

VISIBLE = (
    f"an installation that the service can see, outside of {', '.join(HIDDEN)}: python3 -m venv "
    "/opt/eventvision; /opt/eventvision/bin/pip install 'eventvision[daemon]'"
)
NEXT = """\
next: systemd-sysusers
      edit /etc/eventvision/eventvision.yaml, or copy yours there
      systemctl daemon-reload
      systemctl enable --now eventvision
"""


def install(root: Path = Path("/")) -> int:
    """Write the files below a root folder; settings that are there stay.

    Raises:
        ConfigError: If the command cannot be found, or lies where the service, which sees neither
            homes nor temporary files, would not find it; or on systems without systemd's layout.
        OutputError: If a file cannot be written.
    """
    if os.name != "posix":
        raise ConfigError("--install", sys.platform, "a system with systemd")
    command = _command()
    if root == Path("/"):
        _check_visible(command, sys.base_prefix)
    unit = sample("eventvision.service").replace("@EVENTVISION@", str(command))
    for name, text, replace, mode in (
        (UNIT, unit, True, 0o644),
        (USERS, sample("eventvision.sysusers"), True, 0o644),
        (SETTINGS, sample("eventvision.yaml"), False, 0o640),
    ):
        path = root / name
        if path.exists() and not replace:
            print(f"{path} stays as it is")  # noqa: T201
            continue
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(mode)
        print(f"{path} written")  # noqa: T201
    print(NEXT, end="")  # noqa: T201
    return 0


def sample(name: str) -> str:
    """Return the text of a file that ships with the daemon."""
    return (files(__package__) / "files" / name).read_text(encoding="utf-8")


def _command() -> Path:
    """Return where this command is.

    Raises:
        ConfigError: If it cannot be found, or its path has a space, which units do not take.
    """
    beside = Path(sys.executable).with_name("eventvision")
    found = str(beside) if beside.exists() else shutil.which("eventvision")
    if found is None or any(letter.isspace() for letter in found):
        raise ConfigError("--install", found, "an installed command at a path without spaces")
    return Path(found)


def _check_visible(*places: str | Path) -> None:
    """Raise ConfigError if the service could not see one of these."""
    for place in places:
        if any(Path(place).is_relative_to(hidden) for hidden in HIDDEN):
            raise ConfigError("--install", str(place), VISIBLE)

"""`python -m eventvision_apps.daemon.http`: ask for a password, print what goes into the file."""

from __future__ import annotations

import getpass
import sys

from .passwords import hash_password


def main() -> int:
    """Read a password twice, or once from a pipe, and print its hash."""
    if sys.stdin.isatty():
        password = getpass.getpass("password: ")
        if getpass.getpass("once more: ") != password:
            print("the two differ", file=sys.stderr)  # noqa: T201
            return 2
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        print(hash_password(password))  # noqa: T201
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

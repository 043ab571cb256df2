"""Errors are one line that is safe to print."""

from __future__ import annotations

import pytest

from eventvision.core import FormatError


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("é 3.1", "é 3.1"),
        ("a\r\nb", r"a\r\nb"),
        ("\x1b[2J\0", r"\x1b[2J\x00"),
        ("\udc80", r"\udc80"),
    ],
)
def test_what_a_damaged_file_brings_along_is_escaped(found, shown):
    error = FormatError("a.raw", f"is {found}", "check it")
    assert str(error) == f"a.raw: is {shown}; check it"
    assert error.problem == f"is {found}"

"""Hashes of passwords: PBKDF2-HMAC-SHA256, `pbkdf2-sha256$ROUNDS$SALT$HASH` in hexadecimal."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

ROUNDS = 600_000
"""Work for whoever guesses; a check takes some tenths of a second on a small board."""

LONGEST = 1024
_FORM = re.compile(r"pbkdf2-sha256\$([1-9]\d{3,7})\$([0-9a-f]{32})\$([0-9a-f]{64})")


def hash_password(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        ValueError: If it is empty or longer than 1024 letters.
    """
    if not 0 < len(password) <= LONGEST:
        raise ValueError(f"a password has 1 to {LONGEST} letters")
    salt = secrets.token_bytes(16)
    return f"pbkdf2-sha256${ROUNDS}${salt.hex()}${_derived(password, salt, ROUNDS).hex()}"


def is_password_hash(text: str) -> bool:
    """Tell whether a text is what `hash_password` returns."""
    return _FORM.fullmatch(text) is not None


def check_password(password: str, hashed: str) -> bool:
    """Tell whether a password is the one that was hashed; takes as long if it is not."""
    match = _FORM.fullmatch(hashed)
    if match is None:
        raise ValueError("not a hash of a password")
    derived = _derived(password[:LONGEST], bytes.fromhex(match[2]), int(match[1]))
    return hmac.compare_digest(derived, bytes.fromhex(match[3])) and len(password) <= LONGEST


def _derived(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode("utf-8", "replace"), salt, rounds)

"""Check passwords against stored hashes, also against those imported from other systems."""

import re
from typing import Any, Final

import bcrypt
from django.contrib.auth.hashers import BCryptPasswordHasher, make_password, verify_password

# With or without the name of the algorithm, as other systems store it. A higher cost would take minutes.
_BCRYPT: Final = re.compile(r"(?:(bcrypt(?:_sha256)?)\$)?\$?(2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53})")
# bcrypt reads no more, and its library refuses a longer password.
_MAX_BCRYPT_BYTES: Final = 72


class ImportedBcryptHasher(BCryptPasswordHasher):
    """Checks bcrypt hashes of other systems, which use the first 72 bytes of a password."""

    def encode(self, password: str, salt: Any) -> str:
        hashed = bcrypt.hashpw(password.encode()[:_MAX_BCRYPT_BYTES], salt)
        return f"{self.algorithm}${hashed.decode('ascii')}"


def check_stored(password: str, stored: str | None) -> tuple[bool, bool]:
    """Return whether the password is correct, and whether its hash should be made anew.

    No hash, and one of an unknown or broken form, are a wrong password that takes as long to check as any other.
    """
    try:
        return verify_password(password, _with_algorithm(stored or ""))
    except (ValueError, TypeError, AssertionError, OverflowError):
        # The hash names a known algorithm, but is not one of its hashes.
        make_password(password)
        return False, False


def _with_algorithm(stored: str) -> str:
    """Return the hash with the name of its algorithm in front, as Django stores it; empty for a broken bcrypt hash."""
    found = _BCRYPT.fullmatch(stored)
    if found is not None:
        return f"{found[1] or ImportedBcryptHasher.algorithm}$${found[2]}"
    return "" if stored.startswith(("bcrypt", "$2")) else stored

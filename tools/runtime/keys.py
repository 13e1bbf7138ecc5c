"""The secrets of an installation: generated once and kept in a file that only its owner can read."""

import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from .errors import StartupError

GENERATORS: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_ENCRYPTION_KEYS": lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode(),  # a Fernet key
    "ADDRESS_HASH_KEYS": lambda: secrets.token_urlsafe(48),
    "JWT_SIGNING_KEYS": lambda: secrets.token_urlsafe(48),
    "LAD_DEMO_PASSWORD": lambda: secrets.token_urlsafe(9),
}


class KeyFile:
    """A file of ``NAME=value`` lines that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values = self._read()

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def values(self) -> dict[str, str]:
        return dict(self._values)

    def replace(self, values: Mapping[str, str]) -> None:
        """Replace the file's values."""
        self._write(dict(values))

    def ensure(self, names: Mapping[str, Callable[[], str]] = GENERATORS) -> dict[str, str]:
        """Return a value for every name. Generate and store missing ones."""
        missing = {name: make() for name, make in names.items() if name not in self._values}
        if missing:
            self._write(self._values | missing)
        return {name: self._values[name] for name in names}

    def _read(self) -> dict[str, str]:
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return {}
        self.path.chmod(0o600)
        values = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            name, separator, value = line.partition("=")
            if not separator:
                raise StartupError(f"Line {number} of {self.path} is not NAME=value. Correct it and start again.")
            values[name.strip()] = value.strip()
        return values

    def _write(self, values: dict[str, str]) -> None:
        """Replace the file atomically, so that a full disk or a crash leaves the old one intact."""
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        self._values = values

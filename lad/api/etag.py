"""Entity tags, so that a caller who changes a row can name the version they read.

A tag has two parts, ``"<version>-<representation>"``. The version is made from the row's id and
``updated_at``; ``If-Match`` compares it, so that no update is lost. The second part covers the rest
of the response, so that ``If-None-Match`` never reports a changed response as unchanged.
"""

from hashlib import sha256

from lad.db.models import LadModel
from lad.errors import PreconditionFailed


def version_of(row: LadModel) -> str:
    """Return a digest that identifies the row's version and reveals nothing else."""
    changed = getattr(row, "updated_at", None) or getattr(row, "created_at", None)
    return _digest(f"{row.pk}:{changed.isoformat() if changed else ''}", 20)


def etag(row: LadModel, content: bytes) -> str:
    """Return the tag of a row and its rendered response."""
    return f'"{version_of(row)}-{sha256(content).hexdigest()[:12]}"'


def is_known(header: str, tag: str) -> bool:
    """Return whether ``If-None-Match`` names the tag, so the caller already has this response."""
    return header.strip() == "*" or tag in {each.removeprefix("W/") for each in _tags(header)}


def require_match(header: str | None, row: LadModel) -> None:
    """Raise PreconditionFailed unless ``If-Match`` is absent, ``*`` or names the row's current version."""
    if not header or header.strip() == "*":
        return
    version = version_of(row)
    # A weak tag never satisfies If-Match (RFC 9110, 13.1.1).
    if not any(each.strip('"').partition("-")[0] == version for each in _tags(header) if not each.startswith("W/")):
        raise PreconditionFailed


def _tags(header: str) -> list[str]:
    return [each.strip() for each in header.split(",") if each.strip()]


def _digest(text: str, length: int) -> str:
    return sha256(text.encode()).hexdigest()[:length]

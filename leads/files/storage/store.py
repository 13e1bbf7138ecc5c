"""Store files of leads: one object for each attachment, under a key made of ids only."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Final
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import Storage, storages

from lad.errors import DomainError, NotFound
from leads.files.kinds import FileKind

ALIAS: Final = "attachments"
CHUNK_SIZE: Final = 64 * 1024
# A version 7 UUID begins with the milliseconds since 1970.
_TIME_BITS: Final = 80

log = logging.getLogger(__name__)


class StorageUnavailable(DomainError):
    """The file storage does not respond. Try again in a moment."""

    code = "storage_unavailable"
    status = 503
    title = "Temporarily unavailable"


class FileMissing(NotFound):
    """The file of this attachment no longer exists."""

    code = "file_missing"


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """Size in bytes and SHA-256 of a content."""

    size: int
    checksum: str


def storage() -> Storage:
    """Return the storage that the settings name."""
    return storages[ALIAS]


def key_of(*, tenant_id: UUID, lead_id: UUID, attachment_id: UUID, kind: FileKind) -> str:
    """Return the key of an attachment's object."""
    return f"{tenant_id}/{lead_id}/{attachment_id}.{kind.extension}"


def made_at(attachment_id: UUID) -> datetime:
    """Return the time that a version 7 UUID holds."""
    return datetime.fromtimestamp((attachment_id.int >> _TIME_BITS) / 1000, tz=UTC)


def attachment_id_of(key: str) -> UUID | None:
    """Return the attachment of a key, or None for a key that ``key_of`` did not make."""
    tenant, _, rest = key.partition("/")
    lead, _, name = rest.partition("/")
    try:
        _tenant_id, _lead_id, attachment_id = UUID(tenant), UUID(lead), UUID(name.partition(".")[0])
    except ValueError:
        return None
    return attachment_id


def digest(content: IO[bytes]) -> ContentDigest:
    """Return size and SHA-256 of the content, read in chunks."""
    content.seek(0)
    size, sha256 = 0, hashlib.sha256()
    while piece := content.read(CHUNK_SIZE):
        size += len(piece)
        sha256.update(piece)
    content.seek(0)
    return ContentDigest(size, sha256.hexdigest())


def put(key: str, content: IO[bytes] | File) -> None:
    """Store the content under the key, whole or not at all. Raises StorageUnavailable."""
    content.seek(0)
    try:
        saved = storage().save(key, content if isinstance(content, File) else File(content))
    except Exception as error:
        log.exception("an attachment was not stored")
        remove(key)
        raise StorageUnavailable from error
    if saved != key:
        # The storage chose another name because the key is taken. Keys hold fresh ids, so something is wrong.
        remove(saved)
        raise StorageUnavailable


def get(key: str) -> File:
    """Return the content. Raises FileMissing or StorageUnavailable."""
    try:
        return storage().open(key, "rb")
    except FileNotFoundError as error:
        log.error("an attachment's file is missing: %s", key)
        raise FileMissing from error
    except Exception as error:
        log.exception("an attachment was not read")
        raise StorageUnavailable from error


def remove(key: str) -> bool:
    """Remove the object and return whether that worked. A file that stays is removed later as an orphan."""
    try:
        storage().delete(key)
    except Exception:
        log.exception("an attachment's file was not removed: %s", key)
        return False
    return True


def keys(prefix: str = "") -> Iterator[str]:
    """Yield every key that starts with the prefix. The prefix ends with a slash or is empty."""
    listing = getattr(storage(), "keys", None)
    yield from listing(prefix) if listing else _walk(prefix)


def _walk(directory: str) -> Iterator[str]:
    try:
        directories, files = storage().listdir(directory)
    except FileNotFoundError:
        return
    yield from (f"{directory}{name}" for name in files)
    for name in directories:
        yield from _walk(f"{directory}{name}/")

"""Where files of leads lie: one object per attachment, under a key made of ids and nothing a person typed."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Final
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import Storage, storages

from lad.errors import DomainError, NotFound
from leads.files.kinds import Kind

ALIAS: Final = "attachments"
CHUNK: Final = 64 * 1024
# A version 7 UUID begins with the milliseconds since 1970.
_TIME_BITS: Final = 80

log = logging.getLogger(__name__)


class StorageUnavailable(DomainError):
    """The file storage does not answer; try again in a moment."""

    code = "storage_unavailable"
    status = 503
    title = "Temporarily unavailable"


class FileMissing(NotFound):
    """The file of this attachment is no longer there."""

    code = "file_missing"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a content is, whatever anybody says of it."""

    size: int
    checksum: str


def storage() -> Storage:
    """The storage of attachments, as the settings name it."""
    return storages[ALIAS]


def key_of(*, tenant_id: UUID, lead_id: UUID, attachment_id: UUID, kind: Kind) -> str:
    return f"{tenant_id}/{lead_id}/{attachment_id}.{kind.extension}"


def made_at(attachment_id: UUID) -> datetime:
    """When the id was made."""
    return datetime.fromtimestamp((attachment_id.int >> _TIME_BITS) / 1000, tz=UTC)


def attachment_id_of(key: str) -> UUID | None:
    """The attachment a key belongs to, or None for one that ``key_of`` never made."""
    tenant, _, rest = key.partition("/")
    lead, _, name = rest.partition("/")
    try:
        _tenant_id, _lead_id, attachment_id = UUID(tenant), UUID(lead), UUID(name.partition(".")[0])
    except ValueError:
        return None
    return attachment_id


def measure(content: IO[bytes]) -> Measured:
    """Size and SHA-256 of the content, read in pieces."""
    content.seek(0)
    size, digest = 0, hashlib.sha256()
    while piece := content.read(CHUNK):
        size += len(piece)
        digest.update(piece)
    content.seek(0)
    return Measured(size, digest.hexdigest())


def put(key: str, content: Any) -> None:
    """Keep the content under the key, whole or not at all. Raises StorageUnavailable."""
    content.seek(0)
    try:
        saved = storage().save(key, content if isinstance(content, File) else File(content))
    except Exception as error:
        log.exception("an attachment was not stored")
        remove(key)
        raise StorageUnavailable from error
    if saved != key:
        # Something lies there already; keys are made of fresh ids, so this is nobody's upload.
        remove(saved)
        raise StorageUnavailable


def get(key: str) -> File:
    """The content. Raises FileMissing or StorageUnavailable."""
    try:
        return storage().open(key, "rb")
    except FileNotFoundError as error:
        log.error("an attachment's file is missing: %s", key)
        raise FileMissing from error
    except Exception as error:
        log.exception("an attachment was not read")
        raise StorageUnavailable from error


def remove(key: str) -> bool:
    """Remove the object, if it is there; what cannot be removed now is swept up later."""
    try:
        storage().delete(key)
    except Exception:
        log.exception("an attachment's file was not removed: %s", key)
        return False
    return True


def keys(prefix: str = "") -> Iterator[str]:
    """Every key that begins with the prefix, which ends with a slash or is empty."""
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

"""Attach files to leads, rename them, link to them and clean up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.db.identifiers import uuid7
from lad.db.violations import no_such_row
from lad.errors import Invalid, NotFound
from lad.tenancy.context import platform_context, tenant_context
from lad.types import Actor, Values
from leads.contacts.models import Lead
from leads.contacts.services import record_activity
from leads.files import links, names
from leads.files.inspection import kind_of
from leads.files.kinds import FileRejected
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tenants.teams.models import Tenant
from tenants.teams.status import closed_reason

PURGE_BATCH_SIZE: Final = 500
ORPHAN_BATCH_SIZE: Final = 500
# A running upload stores its object before it commits its row. None takes a day.
MIN_ORPHAN_AGE: Final = timedelta(days=1)
HOURS_A_DAY: Final = 24


class AttachmentWriter(writes.Writer[LeadAttachment]):
    """Writes attachments from a lead and an ``upload``. All other columns come from the content.

    A file can be renamed; its extension always fits its content. Raises FileRejected and StorageUnavailable.
    """

    def prepare(self, row: LeadAttachment | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            return {**_new_values(values), "uploaded_by_user": actor}
        changed = {name: values[name] for name in writes.differing(row, values)}
        if set(changed) - {"file_name"}:
            raise Invalid(errors={name: ["This cannot be changed."] for name in set(changed) - {"file_name"}})
        if changed:
            changed["file_name"] = _renamed(row, changed["file_name"])
        return changed

    def after_save(self, change: writes.Change[LeadAttachment]) -> None:
        if change.created:
            record_activity([change.row.lead_id], at=timezone.now())
            # Last, so that a row that fails leaves no object behind.
            store.put(change.row.file_url, change.given["upload"])


_VALUE: Final = {"lead": "lead", "file": "upload"}


@dataclass(frozen=True, slots=True)
class Download:
    """The content of a file, or the storage's address to fetch it from."""

    attachment: LeadAttachment
    content: File | None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object in the storage that no attachment refers to."""

    key: str
    attachment_id: UUID


def link_to(attachment: LeadAttachment, *, now: datetime) -> links.SignedLink:
    """Return a short-lived link to the file. Anybody with the link can open it, so check the right first."""
    return links.make_link(tenant_id=attachment.tenant_id, attachment_id=attachment.pk, now=now)


def open_link(token: str, *, attachment_id: UUID, now: datetime) -> Download:
    """Return the file behind a link.

    Raises LinkInvalid, LinkExpired, TenantClosed if the tenant is closed, NotFound if the attachment was
    deleted, FileMissing and StorageUnavailable.
    """
    claim = links.read_link(token, attachment_id=attachment_id, now=now)
    with platform_context():
        tenant = Tenant.all_objects.filter(pk=claim.tenant_id).first()
    if tenant is None:
        raise NotFound
    closed = closed_reason(tenant, now)
    if closed is not None:
        raise closed
    with tenant_context(claim.tenant_id):
        attachment = LeadAttachment.objects.filter(pk=claim.attachment_id).first()
    if attachment is None:
        raise NotFound("This file was deleted.")
    sign = getattr(store.storage(), "signed_link", None)
    if sign is None:
        return Download(attachment, store.get(attachment.file_url))
    address = sign(attachment.file_url, name=attachment.file_name, media_type=attachment.file_type)
    return Download(attachment, None, address)


def purge(*, now: datetime) -> int:
    """Delete attachments for good after their retention and return how many. Runs in a platform scope.

    Rows are deleted first: a file without its row is found later as an orphan, a row without its file is broken.
    """
    due = LeadAttachment.all_objects.filter(deleted_at__lt=now - settings.ATTACHMENT_RETENTION)
    with transaction.atomic():
        rows = list(due.select_for_update(skip_locked=True).order_by("deleted_at")[:PURGE_BATCH_SIZE])
        LeadAttachment.all_objects.filter(pk__in=[row.pk for row in rows]).hard_delete()
        for row in rows:
            transaction.on_commit(partial(store.remove, row.file_url))
    return len(rows)


def orphaned_files(*, prefix: str = "", now: datetime) -> Iterator[Orphan]:
    """Yield objects older than a day that no row refers to, deleted rows included. Opens its own scopes."""
    old = (each for each in _attachment_objects(prefix) if store.made_at(each.attachment_id) < now - MIN_ORPHAN_AGE)
    while batch := list(islice(old, ORPHAN_BATCH_SIZE)):
        with platform_context():
            rows = LeadAttachment.all_objects.filter(pk__in=[each.attachment_id for each in batch])
            known = set(rows.values_list("file_url", flat=True))
        yield from (each for each in batch if each.key not in known)


def remove_orphaned_files(*, prefix: str = "", now: datetime) -> int:
    """Remove orphaned files whose key starts with the prefix and return how many."""
    return sum(store.remove(orphan.key) for orphan in orphaned_files(prefix=prefix, now=now))


def tenants_due(*, now: datetime) -> list[UUID]:
    """Return the tenants to clean up in this hour, each once a day. Runs in a platform scope."""
    ids = Tenant.all_objects.values_list("pk", flat=True)
    return [tenant_id for tenant_id in ids.iterator() if tenant_id.int % HOURS_A_DAY == now.hour]


def _new_values(values: Values) -> dict[str, Any]:
    """Return the columns for the lead and the upload of a new attachment. Raise Invalid or FileRejected."""
    unknown = set(values) - {"lead", "upload", "tenant"}
    upload, lead = values.get("upload"), values.get("lead")
    if unknown or upload is None or lead is None:
        missing = {name: ["This field is required."] for name in ("lead", "file") if not values.get(_VALUE[name])}
        raise Invalid(errors={**missing, **{name: ["This field cannot be set."] for name in unknown}})
    tenant = values.get("tenant")
    if tenant is not None and tenant.pk != lead.tenant_id:
        raise Invalid(errors={"lead": [no_such_row(Lead)]})
    return _row_values(lead, upload)


def _row_values(lead: Lead, upload: UploadedFile) -> dict[str, Any]:
    """Return the columns for an upload. Raise FileRejected if it cannot be attached."""
    given = names.safe_name(str(upload.name or ""))
    kind = kind_of(upload, names.extension_of(given))
    digest = store.digest(upload)
    if digest.size > settings.UPLOAD_MAX_SIZE:
        raise FileRejected(f"It is larger than {settings.UPLOAD_MAX_SIZE // 1024**2} MB.")
    key = uuid7()
    return {
        "id": key,
        "tenant": lead.tenant,
        "lead": lead,
        "file_url": store.key_of(tenant_id=lead.tenant_id, lead_id=lead.pk, attachment_id=key, kind=kind),
        "file_name": given,
        "file_type": kind.media_type,
        "file_size": digest.size,
        "checksum": digest.checksum,
    }


def _renamed(row: LeadAttachment, given: str) -> str:
    name = names.safe_name(given)
    extension = names.extension_of(row.file_name)
    return name if names.extension_of(name) == extension else names.safe_name(f"{name}.{extension}")


def _attachment_objects(prefix: str) -> Iterator[Orphan]:
    for key in store.keys(prefix):
        attachment_id = store.attachment_id_of(key)
        if attachment_id is not None:
            yield Orphan(key, attachment_id)


writes.register(LeadAttachment, AttachmentWriter)

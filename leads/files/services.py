"""Files on leads: taken in, renamed, handed out by link, and cleared away."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from lad import writes
from lad.db.identifiers import uuid7
from lad.errors import Invalid, NotFound
from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from leads.contacts.services import leads
from leads.files import links, names
from leads.files.kinds import FileRefused, kind_of
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tenants.teams.models import Tenant
from tenants.teams.status import closure

PURGED_AT_ONCE: Final = 500
SWEPT_AT_ONCE: Final = 500
# An upload under way has its object before its row is committed; none takes that long.
YOUNGEST_ORPHAN: Final = timedelta(days=1)
HOURS: Final = 24


class AttachmentWriter(writes.Writer):
    """An attachment is made of a lead and an ``upload``; what else it says is found in the content."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> LeadAttachment:
        """Keep the upload and its row: both, or neither. Raises FileRefused or StorageUnavailable."""
        unknown = set(values) - {"lead", "upload", "tenant"}
        upload, lead = values.get("upload"), values.get("lead")
        if unknown or upload is None or lead is None:
            missing = {name: ["This field is required."] for name in ("lead", "file") if not values.get(_VALUE[name])}
            raise Invalid(errors={**missing, **{name: ["This field cannot be set."] for name in unknown}})
        tenant = values.get("tenant")
        if tenant is not None and tenant.pk != lead.tenant_id:
            raise Invalid(errors={"lead": ["There is no such lead here."]})
        row_values = _row_values(lead, upload)
        with transaction.atomic():
            row: LeadAttachment = super().create({**row_values, "uploaded_by_user": actor}, actor=actor)
            leads.touch(lead_ids=[row.lead_id])
            # Last, so that whatever refuses the row leaves no object behind.
            store.put(row.file_url, upload)
        return row

    def update(self, row: LeadAttachment, values: Mapping[str, Any], *, actor: Any = None) -> LeadAttachment:
        """Rename it; its extension stays what its content is."""
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        if set(changed) - {"file_name"}:
            raise Invalid(errors={name: ["This cannot be changed."] for name in set(changed) - {"file_name"}})
        if changed:
            changed["file_name"] = _renamed(row, changed["file_name"])
        renamed: LeadAttachment = super().update(row, changed, actor=actor)
        return renamed


_VALUE: Final = {"lead": "lead", "file": "upload"}


@dataclass(frozen=True, slots=True)
class Download:
    """What a link gives: the content, or the address at the storage to fetch it from."""

    attachment: LeadAttachment
    content: File | None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object that no attachment knows."""

    key: str
    attachment_id: UUID


def link_to(attachment: LeadAttachment, *, now: datetime) -> links.Link:
    """A short-lived link to the file, good for whoever holds it. The caller may see the attachment."""
    return links.make_link(tenant_id=attachment.tenant_id, attachment_id=attachment.pk, now=now)


def follow(token: str, *, attachment_id: UUID, now: datetime) -> Download:
    """The file behind a link, for anybody.

    Raises LinkInvalid, LinkExpired, TenantClosed while the tenant is shut, NotFound once the
    attachment is deleted, FileMissing and StorageUnavailable.
    """
    claim = links.read_link(token, attachment_id=attachment_id, now=now)
    with platform_context():
        tenant = Tenant.all_objects.filter(pk=claim.tenant_id).first()
    if tenant is None:
        raise NotFound
    closed = closure(tenant, now)
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
    """Remove for good what was deleted longer ago than it can be restored; returns how many. Called as the platform.

    The rows go first: a file without a row is swept up, a row without its file would promise something.
    """
    due = LeadAttachment.all_objects.filter(deleted_at__lt=now - settings.ATTACHMENT_RETENTION)
    with transaction.atomic():
        rows = list(due.select_for_update(skip_locked=True).order_by("deleted_at")[:PURGED_AT_ONCE])
        LeadAttachment.all_objects.filter(pk__in=[row.pk for row in rows]).hard_delete()
        for row in rows:
            transaction.on_commit(partial(store.remove, row.file_url))
    return len(rows)


def orphans(*, prefix: str = "", now: datetime) -> Iterator[Orphan]:
    """Objects older than a day that no row, deleted or not, knows. Opens scopes of its own."""
    old = (each for each in _ours(prefix) if store.made_at(each.attachment_id) < now - YOUNGEST_ORPHAN)
    while batch := list(islice(old, SWEPT_AT_ONCE)):
        with platform_context():
            rows = LeadAttachment.all_objects.filter(pk__in=[each.attachment_id for each in batch])
            known = set(rows.values_list("file_url", flat=True))
        yield from (each for each in batch if each.key not in known)


def sweep(*, prefix: str = "", now: datetime) -> int:
    """Remove the orphans under the prefix; returns how many went."""
    return sum(store.remove(orphan.key) for orphan in orphans(prefix=prefix, now=now))


def whose_turn(*, now: datetime) -> list[UUID]:
    """The tenants whose files are swept in this hour; each has its turn once a day. Called as the platform."""
    ids = Tenant.all_objects.values_list("pk", flat=True)
    return [tenant_id for tenant_id in ids.iterator() if tenant_id.int % HOURS == now.hour]


def _row_values(lead: Lead, upload: Any) -> dict[str, Any]:
    """What the row says of the upload. Raises FileRefused."""
    given = names.safe_name(str(upload.name or ""))
    kind = kind_of(upload, names.extension_of(given))
    measured = store.measure(upload)
    if measured.size > settings.UPLOAD_MAX_SIZE:
        raise FileRefused(f"A file may have at most {settings.UPLOAD_MAX_SIZE // 1024**2} MB.")
    key = uuid7()
    return {
        "id": key,
        "tenant": lead.tenant,
        "lead": lead,
        "file_url": store.key_of(tenant_id=lead.tenant_id, lead_id=lead.pk, attachment_id=key, kind=kind),
        "file_name": given,
        "file_type": kind.media_type,
        "file_size": measured.size,
        "checksum": measured.checksum,
    }


def _renamed(row: LeadAttachment, given: str) -> str:
    name = names.safe_name(given)
    extension = names.extension_of(row.file_name)
    return name if names.extension_of(name) == extension else names.safe_name(f"{name}.{extension}")


def _ours(prefix: str) -> Iterator[Orphan]:
    for key in store.keys(prefix):
        attachment_id = store.attachment_id_of(key)
        if attachment_id is not None:
            yield Orphan(key, attachment_id)


writes.register(LeadAttachment, AttachmentWriter)

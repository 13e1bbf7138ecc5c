"""The approved templates of WhatsApp numbers: kept as WhatsApp lists them, chosen by steps and people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from campaigns.accounts.models import ChannelAccount, TemplateStatus, WhatsappTemplate
from lad import writes

GONE: Final = "WhatsApp does not list it any more."


@dataclass(frozen=True, slots=True)
class ReadTemplate:
    """A template as WhatsApp lists it."""

    name: str
    language: str
    category: str
    status: TemplateStatus
    status_reason: str
    body: str
    components: Sequence[Any]
    variables: int
    provider_id: str


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What reading the templates of an account changed."""

    added: int
    changed: int
    gone: int
    approved: int

    def __str__(self) -> str:
        return f"{self.approved:,} approved; {self.added:,} new, {self.changed:,} changed, {self.gone:,} gone."


def approved_templates(account: ChannelAccount | UUID | None = None) -> QuerySet[WhatsappTemplate]:
    """Return the templates that can be sent, of one account or of all of the tenant, by name and language."""
    rows: QuerySet[WhatsappTemplate] = WhatsappTemplate.objects.filter(status=TemplateStatus.APPROVED)
    if account is not None:
        rows = rows.filter(channel_account=account)
    return rows.filter(channel_account__deleted_at__isnull=True).order_by("name", "language", "pk")


@transaction.atomic
def keep_templates(account: ChannelAccount, read: Sequence[ReadTemplate], *, now: datetime) -> Synchronised:
    """Keep what WhatsApp lists as the account's templates. One that it does not list any more is disabled."""
    ChannelAccount.all_objects.select_for_update(no_key=True).get(pk=account.pk)
    known = {(row.name, row.language): row for row in WhatsappTemplate.objects.filter(channel_account=account.pk)}
    listed = {(each.name, each.language): each for each in read}
    added = [_values(each, now) | {"channel_account": account} for key, each in listed.items() if key not in known]
    writes.create_many(WhatsappTemplate, added)
    given = [(known[key], _values(each, now)) for key, each in listed.items() if key in known]
    missing = [
        row for key, row in known.items() if key not in listed and (row.status, row.status_reason) != _GONE_STATE
    ]
    changes = writes.update_many(WhatsappTemplate, given)
    disabled = {"status": TemplateStatus.DISABLED, "status_reason": GONE, "synced_at": now}
    writes.update_many(WhatsappTemplate, [(row, disabled) for row in missing])
    changed = [change for change in changes if set(change.changed) - {"synced_at"}]
    approved = sum(each.status == TemplateStatus.APPROVED for each in listed.values())
    return Synchronised(len(added), len(changed), len(missing), approved)


@transaction.atomic
def keep_status(
    account: ChannelAccount, *, name: str, language: str, status: TemplateStatus, reason: str, now: datetime
) -> bool:
    """Keep what WhatsApp reports of one template, unless it was read later. Return whether it is known."""
    rows = WhatsappTemplate.objects.select_for_update(no_key=True)
    row = rows.filter(channel_account=account.pk, name=name, language=language).first()
    if row is None:
        return False
    if row.synced_at is None or row.synced_at <= now:
        writes.update(row, {"status": status, "status_reason": reason[:500], "synced_at": now})
    return True


def _values(each: ReadTemplate, now: datetime) -> dict[str, Any]:
    return {
        "name": each.name,
        "language": each.language,
        "category": each.category,
        "status": each.status,
        "status_reason": each.status_reason,
        "body": each.body,
        "components": list(each.components),
        "variables": each.variables,
        "provider_id": each.provider_id,
        "synced_at": now,
    }


_GONE_STATE: Final = (TemplateStatus.DISABLED, GONE)

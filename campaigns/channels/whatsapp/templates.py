"""Read the templates of a WhatsApp number from WhatsApp: on request, and regularly."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount, TemplateStatus
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.accounts.whatsapp_templates import ReadTemplate, Synchronised, keep_templates
from campaigns.channels.whatsapp.client import WhatsApp, body_text
from campaigns.channels.whatsapp.content import variable_names
from lad.errors import DomainError, Invalid
from lad.tenancy.context import platform_context, require_no_scope, tenant_context

STATUSES: Final[Mapping[str, TemplateStatus]] = {
    "APPROVED": TemplateStatus.APPROVED,
    "REINSTATED": TemplateStatus.APPROVED,
    "FLAGGED": TemplateStatus.APPROVED,
    "PENDING": TemplateStatus.PENDING,
    "IN_APPEAL": TemplateStatus.PENDING,
    "PENDING_DELETION": TemplateStatus.DISABLED,
    "REJECTED": TemplateStatus.REJECTED,
    "PAUSED": TemplateStatus.PAUSED,
    "LIMIT_EXCEEDED": TemplateStatus.DISABLED,
    "DISABLED": TemplateStatus.DISABLED,
    "DELETED": TemplateStatus.DISABLED,
    "ARCHIVED": TemplateStatus.DISABLED,
}
NO_REASON: Final = ("", "NONE")
NOT_CLOUD: Final = "Only numbers that are connected with the WhatsApp Cloud API have approved templates."
NO_BUSINESS: Final = "Enter the id of the WhatsApp business account, which has the templates."

log = structlog.get_logger("lad.campaigns.whatsapp")


def read_templates(account: ChannelAccount) -> list[ReadTemplate]:
    """Return the templates of the account's business, as WhatsApp lists them. Call it outside any scope.

    Raises Invalid for an account that has none, and AccountTrouble.
    """
    require_no_scope("WhatsApp is asked for templates")
    if account.provider != WHATSAPP_CLOUD:
        raise Invalid(errors={"channel_account": [NOT_CLOUD]})
    if not account.provider_parent_id:
        raise Invalid(errors={"provider_parent_id": [NO_BUSINESS]})
    return [found for row in WhatsApp(account).templates() if (found := _read(row)) is not None]


def synchronise(account: ChannelAccount, *, now: datetime | None = None) -> Synchronised:
    """Read the account's templates from WhatsApp and keep them. Call it outside any scope.

    Raises Invalid and AccountTrouble.
    """
    read = read_templates(account)
    with tenant_context(account.tenant_id):
        return keep_templates(account, read, now=now or timezone.now())


def synchronise_all() -> int:
    """Read the templates of every active number. Return how many numbers could be read."""
    with platform_context():
        rows = ChannelAccount.objects.filter(
            provider=WHATSAPP_CLOUD, is_active=True, status=AccountStatus.ACTIVE
        ).exclude(provider_parent_id="")
        accounts = list(rows.order_by("tenant", "pk"))
    read = 0
    for account in accounts:
        try:
            synchronise(account)
            read += 1
        except DomainError as error:
            log.info("templates not read", account=str(account.pk), problem=error.code)
    return read


def status_of(event: object) -> TemplateStatus | None:
    """Return the status that WhatsApp names, or None for one that says nothing of whether it can be sent."""
    return STATUSES.get(str(event or "").upper())


def reason_of(value: object) -> str:
    """Return why WhatsApp refuses a template, for people."""
    text = str(value or "")
    return "" if text.upper() in NO_REASON else text.replace("_", " ").capitalize()


def _read(row: Mapping[str, Any]) -> ReadTemplate | None:
    components = row.get("components") if isinstance(row.get("components"), list) else []
    body = body_text(components or [])
    status = status_of(row.get("status"))
    if not row.get("name") or not row.get("language") or not body:
        return None
    return ReadTemplate(
        name=str(row["name"])[:512],
        language=str(row["language"])[:20],
        category=str(row.get("category") or "")[:50],
        status=status or TemplateStatus.DISABLED,
        status_reason=reason_of(row.get("rejected_reason"))[:500] if status != TemplateStatus.APPROVED else "",
        body=body[:4_096],
        components=[each for each in components or [] if str(each.get("type")).upper() != "BODY"],
        variables=len(variable_names(body)),
        provider_id=str(row.get("id") or "")[:255],
    )

"""Take in what providers report, and forget it: each report once, whatever order they come in."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.provider_reports.models import ProviderReport, ReportState
from lad.db.identifiers import uuid7
from lad.db.queries import rows
from lad.db.recordsets import as_json
from lad.notifier import WorkerNotifier
from lad.tenancy.context import platform_context, tenant_context

Processor = Callable[[NetworkAccount, Sequence[ProviderReport]], None]
# Facts by the ids of the reports that they are about.
Preparer = Callable[[NetworkAccount, Sequence[ProviderReport]], Mapping[UUID, Mapping[str, Any]]]

TASK: Final = "campaigns.process_reports"
KEPT: Final = timedelta(days=30)
CHUNK: Final = 5_000
MAX_KEY: Final = 255
# A simultaneous delivery of the same report waits here until the first one has committed or failed.
TAKE_IN: Final = """
INSERT INTO provider_reports
    (id, tenant_id, provider, account_id, kind, key, state, content, happened_at, next_attempt_at, created_at,
     updated_at)
SELECT id, %s, %s, %s, kind, key, 'waiting', content, happened_at, clock_timestamp(), clock_timestamp(),
    clock_timestamp()
FROM json_to_recordset(%s) AS given (id uuid, kind text, key text, content jsonb, happened_at timestamptz)
ORDER BY key
ON CONFLICT (tenant_id, provider, account_id, key) DO NOTHING
RETURNING id
"""

_processors: Final[dict[str, Processor]] = {}
_preparers: Final[dict[str, Preparer]] = {}


class NotYet(Exception):
    """A processor raises it for reports about something that LAD is about to record: they are tried again soon."""


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report that a provider has proved to be its own. ``key`` is what the report is known by at the provider."""

    kind: str
    key: str
    content: dict[str, Any] = field(repr=False)
    happened_at: datetime | None = None


def processes(provider: str) -> Callable[[Processor], Processor]:
    """Work on the provider's reports with the function: reports of one account, oldest first, in its tenant's scope."""

    def register(processor: Processor) -> Processor:
        if provider in _processors:
            raise ValueError(f"Reports of {provider} are worked on twice.")
        _processors[provider] = processor
        return processor

    return register


def prepares(provider: str) -> Callable[[Preparer], Preparer]:
    """Ask the provider with the function, outside any scope, before its reports are worked on.

    The facts that it returns are added to the contents of the reports. If it raises, the reports are tried again.
    """

    def register(preparer: Preparer) -> Preparer:
        if provider in _preparers:
            raise ValueError(f"Reports of {provider} are prepared twice.")
        _preparers[provider] = preparer
        return preparer

    return register


def processor_of(provider: str) -> Processor | None:
    """Return what works on reports of the provider."""
    return _processors.get(provider)


def preparer_of(provider: str) -> Preparer | None:
    """Return what asks the provider before its reports are worked on."""
    return _preparers.get(provider)


def take_in(account: NetworkAccount, reports: Sequence[NewReport]) -> int:
    """Store reports about the account, each once, and wake the workers. Return how many were new."""
    if not reports:
        return 0
    given = [
        {
            "id": uuid7(),
            "kind": report.kind[:50],
            "key": _key(report.key),
            "content": report.content,
            "happened_at": report.happened_at,
        }
        for report in reports
    ]
    provider = str(getattr(account, "provider", ""))
    with tenant_context(account.tenant_id):
        new = rows(TAKE_IN, [account.tenant_id, provider, account.pk, as_json(given)])
        type(account)._default_manager.filter(pk=account.pk).update(heard_at=timezone.now())
        if new:
            WorkerNotifier(TASK).notify_on_commit()
    return len(new)


def account_of(account_id: UUID) -> NetworkAccount | None:
    """Return the LinkedIn or channel account of this id in the current tenant."""
    # People answer to a deleted account too, and may want no more messages.
    found: NetworkAccount | None = LinkedinAccount.all_objects.filter(pk=account_id).first()
    return found if found is not None else ChannelAccount.all_objects.filter(pk=account_id).first()


def purge(*, now: datetime) -> int:
    """Forget reports that came more than 30 days ago, and return how many. Providers repeat none of them."""
    purged = 0
    while True:
        with platform_context():
            old = ProviderReport.objects.filter(created_at__lt=now - KEPT).exclude(state=ReportState.WAITING)
            deleted, _by_model = ProviderReport.objects.filter(pk__in=old.order_by().values("pk")[:CHUNK]).delete()
        purged += deleted
        if deleted < CHUNK:
            return purged


def _key(key: str) -> str:
    return key if len(key) <= MAX_KEY else hashlib.sha256(key.encode()).hexdigest()

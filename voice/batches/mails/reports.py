"""The report of a finished batch by e-mail, once, to the member who made it, where the feature is on."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from lad import names
from lad.api.permissions import FeatureClosed, require_feature
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import queue_all
from lad.outbox.consumers import Batch
from lad.tenancy.access import access_in_tenant
from lad.tenancy.context import tenant_context
from voice.batches.models import CallBatch
from voice.batches.selectors import BatchSummary, summary_of
from voice.carriers.outcomes import Outcome
from voice.formatting import format_duration
from voice.statuses import ENTRY_OPEN, BatchStatus

FEATURE: Final = "voice-agent-batch-report-email-provider"
TEMPLATE: Final = "voice/mail/batch-report"
# The last calls of a batch that was cancelled or stopped end within minutes.
WAIT_FOR_LAST_CALLS: Final = timedelta(minutes=10)


def queue_reports(batch: Batch) -> None:
    """Queue one report for each batch that is over. Needs a platform scope."""
    now = timezone.now()
    rows = CallBatch.objects.filter(pk__in=batch.aggregate_ids, reported_at__isnull=True, finished_at__isnull=False)
    over = list(rows.select_for_update(no_key=True).order_by("pk"))
    # Reported or not, it is looked at once.
    CallBatch.objects.filter(pk__in=[row.pk for row in over]).update(reported_at=now)
    queue_all(
        MailDelivery(
            tenant_id=row.tenant_id,
            kind=BATCH_REPORT.key,
            to_address=address,
            subject_id=row.pk,
            idempotency_key=f"{BATCH_REPORT.key}.{row.pk}",
            next_attempt_at=now if row.status == BatchStatus.COMPLETED else now + WAIT_FOR_LAST_CALLS,
        )
        for row in over
        if (address := _recipient(row))
    )


def _recipient(batch: CallBatch) -> str:
    """Return the address of the member who made the batch, or "" if they are gone or get no reports."""
    if batch.initiated_by_user_id is None:
        return ""
    access = access_in_tenant(batch.initiated_by_user_id, batch.tenant_id)
    if access.error is not None or access.user is None or not access.user.is_active:
        return ""
    try:
        require_feature(access, FEATURE)
    except FeatureClosed:
        return ""
    return str(access.user.email)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    batch = CallBatch.objects.select_related("agent").filter(pk=delivery.subject_id).first()
    if batch is None:
        raise Obsolete("The batch was deleted.")
    with tenant_context(batch.tenant_id):
        summary = summary_of(batch, now=now)
    title = names.shown(batch.name, otherwise=f"the calls of {batch.agent}")
    context = {
        "title": title,
        "status": batch.get_status_display().lower(),
        "facts": _facts(batch, summary),
        "going_on": sum(summary.statuses.get(status, 0) for status in ENTRY_OPEN),
        "left_out": [f"{group.count:,} {group.words}" for group in summary.not_called],
        "link": link(f"/batches/{batch.pk}", page=f"voice/callbatch/{batch.pk}/change/"),
    }
    return Content(f"Report of {title}", TEMPLATE, context)


def _facts(batch: CallBatch, summary: BatchSummary) -> list[tuple[str, str]]:
    facts = [("People", f"{batch.total_calls:,}"), ("Reached", f"{batch.completed_calls:,}")]
    facts += [(Outcome(key).label, f"{count:,}") for key, count in sorted(summary.outcomes.items())]
    facts.append(("Calls made", f"{summary.calls:,}"))
    if summary.talk_seconds:
        facts.append(("Time talked", format_duration(summary.talk_seconds)))
    facts += [("Cost", f"{cost.normalize():f} {currency}") for currency, cost in sorted(summary.costs.items())]
    return facts


BATCH_REPORT: Final = mail_kinds.register(MailKind("call-batch-report", "Report of a batch of calls", _build))

"""The mail that tells people that LAD has paused a batch of calls, and why."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from lad import names
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import new_deliveries, queue_all
from lad.outbox.consumers import Batch, Event
from tenants.teams.services.recipients import addresses_of
from voice.batches.models import CallBatch
from voice.batches.services.pausing import FILLING
from voice.statuses import ENTRY_OPEN

TEMPLATE: Final = "voice/mail/batch-paused"


def queue_notices(batch: Batch) -> None:
    """Queue a mail to the batch's member and the tenant's managers for each batch that LAD has paused."""
    by_lad = [event for event in batch if event.actor_id is None and event.payload["reason"] != FILLING]
    batches = {row.pk: row for row in CallBatch.objects.filter(pk__in=[event.aggregate_id for event in by_lad])}
    queue_all(mail for event in by_lad for mail in _mails(event, batches.get(event.aggregate_id)))


def _mails(event: Event, row: CallBatch | None) -> Iterator[MailDelivery]:
    if row is not None:
        to = addresses_of(tenant_id=row.tenant_id, user_id=row.initiated_by_user_id)
        yield from new_deliveries(event, BATCH_PAUSED, to=to, subject_id=row.pk)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    batch = CallBatch.objects.select_related("agent").filter(pk=delivery.subject_id).first()
    if batch is None:
        raise Obsolete("The batch was deleted.")
    if batch.paused_at is None or batch.finished_at is not None:
        raise Obsolete("The batch is not paused any more.")
    title = names.shown(batch.name, otherwise=f"the calls of {batch.agent}")
    context = {
        "title": title,
        "reason": batch.pause_reason,
        "left": batch.entries.filter(status__in=ENTRY_OPEN).count(),
        "link": link(f"/batches/{batch.pk}", page=f"voice/callbatch/{batch.pk}/change/"),
    }
    return Content(f"{title[:1].upper()}{title[1:]} was paused", TEMPLATE, context)


BATCH_PAUSED: Final = mail_kinds.register(MailKind("call-batch-paused", "Batch of calls paused by LAD", _build))

"""What a batch says of itself: figures, why somebody was not called, the file, and the mail when it is over."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from lad.mail.kinds import Obsolete
from lad.mail.messages import build
from lad.mail.models import MailDelivery
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.activity.models import DataExport
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.voice import (
    CallAnalysisFactory,
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    CallPlacementFactory,
)
from tests.support.api import problem
from tests.tenants.helpers import confirmed
from tests.voice.helpers import create
from voice.batches.mails.reports import BATCH_REPORT, FEATURE
from voice.batches.models import CallBatch
from voice.batches.services.lifecycle import cancel_batch
from voice.batches.services.progress import update_progress
from voice.carriers.outcomes import Outcome
from voice.dialer.models import PlacementState
from voice.statuses import BatchStatus, CallStatus, EntryStatus

URL = "/api/v1/voice-call-batches/"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def batch(tenant: Tenant, member: User) -> CallBatch:
    """A batch with everything that can become of people: one reached, one busy, one refused, one who waits."""
    row = create(
        tenant,
        CallBatchFactory,
        name="Fair",
        status=BatchStatus.RUNNING,
        started_at=NOW,
        total_calls=4,
        initiated_by_user=member,
    )
    called = _called(tenant, row, Outcome.ANSWERED, EntryStatus.COMPLETED, cost=Decimal("1.25"), seconds=95)
    create(tenant, CallAnalysisFactory, call_log=called, summary="=They want a demo", do_not_call=False)
    _called(tenant, row, Outcome.BUSY, EntryStatus.DECLINED, cost=Decimal(0), seconds=0)
    refused = {"reasons": [{"code": "consent_missing", "detail": ""}], "sentence": "Not allowed: no consent."}
    create(
        tenant,
        CallBatchEntryFactory,
        batch=row,
        status=EntryStatus.CANCELLED,
        outcome=Outcome.CANCELLED,
        decision=refused,
        error_message="Not allowed: no consent.",
    )
    _called(
        tenant,
        row,
        Outcome.NO_ANSWER,
        EntryStatus.QUEUED,
        cost=Decimal(0),
        seconds=0,
        retry_count=1,
        next_attempt_at=timezone.now() + timedelta(hours=3),
    )
    return row


def _called(
    tenant: Tenant, batch: CallBatch, outcome: Outcome, status: str, *, cost: Decimal, seconds: int, **more: Any
) -> Any:
    lead = create(tenant, LeadFactory, first_name="Ada", last_name="Lovelace", company_name="Engines")
    ended = CallStatus.ENDED if outcome == Outcome.ANSWERED else CallStatus.DECLINED
    call = create(
        tenant,
        CallLogFactory,
        lead=lead,
        campaign=None,
        campaign_lead=None,
        campaign_step=None,
        status=ended,
        outcome=outcome,
        cost=cost,
        currency="USD",
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=seconds),
        duration_seconds=seconds,
    )
    entry = create(
        tenant, CallBatchEntryFactory, batch=batch, lead=lead, call_log=call, status=status, outcome=outcome, **more
    )
    create(tenant, CallPlacementFactory, call_log=call, batch=batch, entry=entry, state=PlacementState.SETTLED)
    return call


def test_the_figures_say_what_came_of_it_and_why_somebody_was_not_called(
    batch: CallBatch, viewer: User, api: Any
) -> None:
    shown = api(viewer).get(f"{URL}{batch.pk}/summary/").json()
    assert shown["statuses"] == {"completed": 1, "declined": 1, "cancelled": 1, "queued": 1}
    assert shown["outcomes"] == {"answered": 1, "busy": 1, "no_answer": 1}
    assert (shown["calls"], shown["talk_seconds"], shown["due_now"]) == (3, 95, 0)
    assert shown["costs"] == {"USD": "1.250000"}
    assert [(each["reason"], each["words"], each["count"]) for each in shown["not_called"]] == [
        ("consent_missing", "without consent", 1)
    ]
    assert shown["not_called"][0]["detail"] == "Not allowed: no consent."
    assert [(each["reason"], each["count"]) for each in shown["waiting"]] == [("retry", 1)]


def test_the_report_lists_everybody_and_runs_no_formula(batch: CallBatch, owner: User, viewer: User, api: Any) -> None:
    assert problem(api(viewer).get(f"{URL}{batch.pk}/report/"))[0] == 403
    assert problem(api(owner).get(f"{URL}{batch.pk}/report/")) == (403, "step_up_required")
    response: Any = confirmed(api, owner).get(f"{URL}{batch.pk}/report/")
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert len(rows) == 4
    by_status = {row["status"]: row for row in rows}
    reached = by_status["Completed"]
    assert (reached["name"], reached["company"], reached["outcome"]) == ("Ada Lovelace", "Engines", "Answered")
    assert (reached["seconds"], reached["cost"], reached["summary"]) == ("95", "1.250000", "'=They want a demo")
    assert (reached["attempts"], by_status["Queued"]["attempts"], by_status["Cancelled"]["attempts"]) == ("1", "1", "0")
    assert by_status["Cancelled"]["why_not_called"] == "Not allowed: no consent."
    with platform_context():
        assert DataExport.objects.get().row_count == 4


def _finish(batch: CallBatch) -> None:
    """End the entries of the batch that are open, as the last call would."""
    with tenant_context(batch.tenant_id):
        batch.entries.filter(status=EntryStatus.QUEUED).update(status=EntryStatus.DECLINED)
        update_progress(batch_id=batch.pk, now=NOW)
    drain()


def _open_reports(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        TenantFeature.objects.create(tenant=tenant, feature_key=FEATURE, enabled=True)


def _mails() -> list[MailDelivery]:
    with platform_context():
        return list(MailDelivery.objects.filter(kind=BATCH_REPORT.key))


def test_a_finished_batch_is_reported_once_where_the_feature_is_on(tenant: Tenant, batch: CallBatch) -> None:
    _open_reports(tenant)
    _finish(batch)
    [mail] = _mails()
    assert (mail.to_address, mail.subject_id) == ("member@acme.test", batch.pk)
    with platform_context():
        message = build(mail, now=timezone.now())
    assert message.subject == "Report of Fair"
    for text in (
        "Reached: 1",
        "Busy: 1",
        "Calls made: 3",
        "Time talked: 1:35",
        "Cost: 1.25 USD",
        "- 1 without consent",
    ):
        assert text in message.body, text
    html = str(message.alternatives[0][0])
    assert "Report of Fair" in html
    assert f"/{batch.pk}" in html
    # The event comes again, as it may.
    with tenant_context(tenant.pk):
        CallBatch.objects.filter(pk=batch.pk).update(status=BatchStatus.RUNNING, finished_at=None)
    _finish(batch)
    assert len(_mails()) == 1


def test_without_the_feature_nobody_gets_a_report(batch: CallBatch) -> None:
    _finish(batch)
    assert _mails() == []


def test_a_cancelled_batch_is_reported_when_its_last_calls_are_over(tenant: Tenant, batch: CallBatch) -> None:
    _open_reports(tenant)
    with tenant_context(tenant.pk):
        cancel_batch(batch=batch, reason="Enough")
    drain()
    [mail] = _mails()
    assert mail.next_attempt_at is not None
    assert mail.next_attempt_at > timezone.now() + timedelta(minutes=5)
    with platform_context():
        text = build(mail, now=timezone.now()).body
    assert "the batch is cancelled" in text


def test_a_report_of_a_deleted_batch_is_not_sent(tenant: Tenant, batch: CallBatch) -> None:
    _open_reports(tenant)
    _finish(batch)
    [mail] = _mails()
    with platform_context():
        CallBatch.objects.filter(pk=batch.pk).delete()
        with pytest.raises(Obsolete):
            build(mail, now=timezone.now())

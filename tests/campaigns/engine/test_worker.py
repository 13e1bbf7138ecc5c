"""Batches that fail, workers that die, two at once, and tenants of different size."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from campaigns.design.models import Campaign
from campaigns.engine import handlers, repair, turns
from campaigns.engine.claims import due_campaigns
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Outcome, Place
from campaigns.engine.worker import RunReport, run_due
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from lad.tenancy.context import platform_context, tenant_context
from tests.campaigns.engine.conftest import EMAIL, MORNING, Outreach
from tests.factories.campaigns import CampaignFactory, EmailAccountFactory
from tests.factories.tenants import TenantFactory
from tests.support.concurrency import run_together
from tests.support.events import payloads

WRITE = ("Write", "email_send", EMAIL)
SPLIT = ("Split", "ab_split", {"weights": [1, 1]})


class Killed(BaseException):
    """The worker's process ends here."""


def before_handler(monkeypatch: Any, type_: str, act: Any) -> None:
    """Call ``act(places)`` before the handler of a type."""
    handler = handlers.handler_of(type_)

    def handle(places: Sequence[Place], context: Context) -> Mapping[UUID, Outcome]:
        act(places)
        return handler(places, context)

    monkeypatch.setitem(handlers._handlers, type_, handle)


def test_a_poisonous_enrolment_is_set_aside_alone(outreach: Outreach, running: Any, monkeypatch: Any) -> None:
    leads = running(SPLIT, WRITE, leads=9)

    def fail(places: Sequence[Place]) -> None:
        if any(place.id == leads[4].pk for place in places):
            raise RuntimeError("no good")

    before_handler(monkeypatch, "ab_split", fail)
    report = outreach.run()
    assert (report.handled, report.failed) == (9, 1)
    assert outreach.state(leads[4]) == ("error", "", "unexpected_error")
    assert [outreach.state(lead)[2] for lead in leads if lead != leads[4]] == ["sending"] * 8
    assert len(outreach.messages()) == 8
    with outreach.inside():
        assert "no good" in CampaignLead.objects.get(pk=leads[4].pk).reason_detail
    assert payloads("campaigns.lead.ended", leads[4].pk) == [{"status": "error", "reason": "unexpected_error"}]


@pytest.mark.parametrize("type_", ["ab_split", "email_send"])
def test_a_worker_that_dies_leaves_nothing_behind(
    type_: str, outreach: Outreach, running: Any, monkeypatch: Any
) -> None:
    running(SPLIT, WRITE, leads=5)
    with monkeypatch.context() as patch:

        def die(places: Sequence[Place]) -> None:
            raise Killed

        before_handler(patch, type_, die)
        with pytest.raises(Killed):
            outreach.run()
    assert outreach.messages() == []
    assert outreach.run().handled == 5
    assert len(outreach.messages()) == 5
    with outreach.inside():
        assert CampaignLeadActivity.objects.filter(step_type="ab_split").count() == 5


def test_a_batch_takes_the_same_number_of_statements_for_one_and_for_twenty(
    outreach: Outreach, running: Any, django_assert_max_num_queries: Any
) -> None:
    running(SPLIT, WRITE, leads=20)
    with django_assert_max_num_queries(60):
        outreach.run()
    assert len(outreach.messages()) == 20


def other_tenant_with_leads(number: int) -> Outreach:
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        EmailAccountFactory.create(status="connected")
        outreach = Outreach(tenant, CampaignFactory.create())
    outreach.add(WRITE)
    outreach.enrol(number)
    outreach.start()
    return outreach


def test_a_small_tenant_does_not_wait_behind_a_large_one(outreach: Outreach, running: Any, monkeypatch: Any) -> None:
    running(SPLIT, WRITE, leads=15)
    small = other_tenant_with_leads(2)
    served: list[int] = []
    before_handler(monkeypatch, "email_send", lambda places: served.append(len(places)))
    run_due(now=MORNING, batch_size=5)
    # A batch of each in turn.
    assert sorted(served[:2]) == [2, 5]
    assert sum(served) == 17
    assert len(small.messages()) == 2


def test_a_tenant_that_becomes_due_meanwhile_waits_for_one_batch(
    outreach: Outreach, running: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(turns, "LOOKS_COST", 0)
    running(WRITE, leads=8)
    other_tenant_with_leads(8)
    served: list[int] = []

    def note(places: Sequence[Place]) -> None:
        served.append(len(places))
        if len(served) == 3:
            other_tenant_with_leads(1)

    before_handler(monkeypatch, "email_send", note)
    run_due(now=MORNING, batch_size=2)
    # After a batch of each and another of the first, it comes before the second one's next.
    assert served == [2, 2, 2, 1, 2, 2, 2, 2, 2]


def test_batches_are_as_small_as_their_time_demands_while_others_are_due(
    outreach: Outreach, running: Any, monkeypatch: Any
) -> None:
    for name, value in {"LOOKS_COST": 0, "SECONDS_PER_BATCH": 0, "FIRST_BATCH": 4, "SMALLEST_BATCH": 2}.items():
        monkeypatch.setattr(turns, name, value)
    monkeypatch.setattr(turns, "SECONDS_ALONE", 1_000)
    running(WRITE, leads=15)
    other_tenant_with_leads(5)
    served: list[int] = []
    before_handler(monkeypatch, "email_send", lambda places: served.append(len(places)))
    outreach.run()
    assert served == [4, 4, 2, 1, 9]


def test_campaigns_of_one_tenant_take_turns(outreach: Outreach, running: Any, monkeypatch: Any) -> None:
    running(WRITE, leads=8)
    with platform_context(tenant_id=outreach.tenant.pk):
        other = Outreach(outreach.tenant, CampaignFactory.create())
    other.add(("Note", "email_send", {"subject": "Note", "body": "Note"}))
    other.enrol(3)
    other.start()
    served: list[int] = []
    before_handler(monkeypatch, "email_send", lambda places: served.append(len(places)))
    run_due(now=MORNING, batch_size=4)
    assert sum(served) == 11
    assert 3 in served[:2]


def test_tenants_that_may_not_work_are_left_out(outreach: Outreach, running: Any) -> None:
    running(WRITE)
    with platform_context():
        type(outreach.tenant).objects.filter(pk=outreach.tenant.pk).update(status="suspended")
    assert due_campaigns(MORNING) == []
    assert outreach.run().handled == 0


def test_a_lost_due_time_is_repaired(outreach: Outreach, running: Any) -> None:
    running(WRITE, ("Rest", "delay", {"days": 1}))
    outreach.run()
    outreach.deliver()
    outreach.run(minutes=1)
    with outreach.inside():
        Campaign.objects.update(next_run_at=None)
    assert outreach.run(days=1).handled == 0
    assert repair.repair_due_times(outreach.now) == 1
    assert outreach.run().handled == 1
    assert repair.repair_due_times(outreach.now) == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_each_enrolment_once() -> None:
    outreach = other_tenant_with_leads(24)
    reports = run_together(*[lambda: run_due(now=MORNING, batch_size=3)] * 2)
    assert sum(report.handled for report in reports) == 24
    assert len(outreach.messages()) == 24
    with tenant_context(outreach.tenant.pk):
        assert CampaignLead.objects.filter(reason="sending").count() == 24


@pytest.mark.django_db(transaction=True)
def test_while_one_worker_works_for_a_tenant_the_others_are_free_for_the_rest(monkeypatch: Any) -> None:
    large, small = other_tenant_with_leads(6), other_tenant_with_leads(2)
    with large.inside():
        # The large one has its turn first.
        Campaign.objects.update(next_run_at=MORNING - timedelta(minutes=1))
    meanwhile: list[RunReport] = []
    asked: list[int] = []

    def work(places: Sequence[Place]) -> None:
        asked.append(len(places))
        if len(asked) == 1:
            meanwhile.extend(run_together(lambda: run_due(now=MORNING, batch_size=2)))

    before_handler(monkeypatch, "email_send", work)
    report = run_due(now=MORNING, batch_size=2)
    assert [each.handled for each in meanwhile] == [2]
    assert (len(small.messages()), report.handled, len(large.messages())) == (2, 6, 6)

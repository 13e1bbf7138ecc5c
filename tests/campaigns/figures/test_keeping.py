"""Figures are exact at once, whoever folds them, however often, and whatever happens meanwhile."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.analytics.report import Report, report
from campaigns.design.models import Campaign
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, EnrolmentStatus
from campaigns.figures import folding, reading
from campaigns.figures.models import CampaignFigure, EnrolmentMilestone, FigureEntry, FigureRecount, Milestone
from campaigns.figures.recording import record, record_for_leads
from campaigns.figures.recounting import recount, recount_requested, request_recounts
from campaigns.messages.models import Message, MessageState
from lad.db.queries import rows
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.campaigns.analytics.conftest import AT, Scenario
from tests.factories.campaigns import CampaignFactory
from tests.support.concurrency import run_together


def read(scenario: Scenario) -> Report:
    with tenant_context(scenario.tenant.pk):
        return report(Campaign.objects.get(pk=scenario.campaign.pk))


def shown(scenario: Scenario) -> dict[str, Any]:
    """Return everything that the analytics show, apart from the moment."""
    found = read(scenario)
    return {
        "stages": {stage.key: stage.number for stage in found.funnel.stages},
        "steps": found.funnel.steps,
        "rates": found.rates,
        "channels": found.channels,
        "accounts": found.accounts,
        "cohorts": found.cohorts,
        "days": found.days,
        "states": found.states,
    }


def people(scenario: Scenario) -> dict[str, int]:
    return {stage.key: stage.number for stage in read(scenario).funnel.stages}


def waiting() -> int:
    with platform_context():
        return int(rows("SELECT count(*) FROM campaign_figure_entries")[0][0])


def tell_a_story(scenario: Scenario) -> None:
    """Several leads, some of whom read, answer, bounce, come back to a step, or are deleted."""
    read_it, answered, bounced, failed = (scenario.enrolment() for _ in range(4))
    scenario.message(read_it, opened_at=AT + timedelta(hours=1))
    scenario.message(read_it, "linkedin", channel="linkedin")
    scenario.message(answered, replied_at=AT + timedelta(days=2))
    scenario.message(bounced, events="bounced")
    scenario.activity(failed, "email", ActivityStatus.FAILED)
    scenario.activity(failed, "wait", ActivityStatus.DELIVERED)
    alone = scenario.activity(scenario.enrolment(), "linkedin", ActivityStatus.SENT)
    with platform_context(tenant_id=scenario.tenant.pk):
        CampaignLeadActivity.objects.filter(pk=alone.pk).update(status=ActivityStatus.OPENED)
        CampaignLeadActivity.objects.filter(pk=alone.pk).update(status=ActivityStatus.REPLIED)
        ended = scenario.enrolment(status=EnrolmentStatus.COMPLETED, completed_at=AT, reason="goal_reached")
        CampaignLead.objects.filter(pk=ended.pk).update(
            status=EnrolmentStatus.ACTIVE, completed_at=None, reason="delay", next_step=scenario.steps["wait"]
        )
        gone = scenario.enrolment()
    scenario.message(gone, replied_at=AT)
    with tenant_context(scenario.tenant.pk):
        CampaignLead.objects.filter(pk=gone.pk).delete()


def test_folding_and_counting_anew_change_no_figure(scenario: Scenario) -> None:
    tell_a_story(scenario)
    before = shown(scenario)
    assert before["stages"] == {
        "enrolled": 6,
        "contacted": 4,
        "delivered": 3,
        "answered": 2,
        "goal": 0,
    }
    assert waiting() > 20
    assert folding.fold_all() > 20
    assert waiting() == 0
    assert shown(scenario) == before
    assert recount(scenario.tenant.pk, scenario.campaign.pk) == []
    assert shown(scenario) == before


def test_figures_are_the_same_when_they_are_folded_after_every_change(scenario: Scenario) -> None:
    other = Scenario(scenario.campaign, scenario.tenant, scenario.steps)
    tell_a_story(other)
    at_once = shown(scenario)
    with platform_context():
        CampaignFigure.all_objects.all().delete()
        EnrolmentMilestone.all_objects.all().delete()
        entries = rows("SELECT id FROM campaign_figure_entries ORDER BY id")
        assert len(entries) > 20
        for (key,) in entries:
            values = {"tenant": scenario.tenant.pk, "campaign": scenario.campaign.pk}
            fold_up_to(key, **values)
    assert waiting() == 0
    assert shown(scenario) == at_once


def fold_up_to(last: int, *, tenant: Any, campaign: Any) -> None:
    from campaigns.figures.statements import FOLD, parameters
    from lad.db.queries import execute

    execute(FOLD, parameters(tenant, campaign, "Asia/Dubai", last=last))


def test_a_folder_that_is_killed_loses_and_doubles_nothing(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_a_story(scenario)
    before, entries = shown(scenario), waiting()

    def die(*_args: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(folding, "tell_pages", die)
        with pytest.raises(SystemExit), transaction.atomic():
            folding.fold_all()
    assert (waiting(), shown(scenario)) == (entries, before)
    assert folding.fold_all() == entries
    assert shown(scenario) == before


def test_a_bounce_takes_the_delivery_back_and_a_later_message_brings_it_again(scenario: Scenario) -> None:
    enrolment = scenario.enrolment()
    scenario.message(enrolment, events="bounced bounced")
    assert (people(scenario)["contacted"], people(scenario)["delivered"]) == (1, 0)
    folding.fold_all()
    scenario.message(enrolment, "linkedin", channel="linkedin")
    assert people(scenario)["delivered"] == 1
    assert recount(scenario.tenant.pk, scenario.campaign.pk) == []


def test_whatsapp_is_delivered_when_the_provider_says_so_and_not_before(scenario: Scenario) -> None:
    first, second = scenario.enrolment(), scenario.enrolment()
    scenario.message(first, channel="whatsapp", events="delivered")
    scenario.message(second, channel="whatsapp")
    assert (people(scenario)["contacted"], people(scenario)["delivered"]) == (2, 1)


def test_an_enrolment_that_is_opened_again_and_one_that_is_restored_count_again(scenario: Scenario) -> None:
    enrolment = scenario.enrolment(status=EnrolmentStatus.COMPLETED, completed_at=AT, reason="goal_reached")
    assert people(scenario)["goal"] == 1
    with tenant_context(scenario.tenant.pk):
        CampaignLead.objects.filter(pk=enrolment.pk).update(status="active", reason="", completed_at=None)
        assert people(scenario)["goal"] == 0
        CampaignLead.objects.filter(pk=enrolment.pk).delete()
        assert people(scenario)["enrolled"] == 0
        CampaignLead.all_objects.filter(pk=enrolment.pk).update(deleted_at=None, deletion_id=None)
    assert people(scenario)["enrolled"] == 1


def test_rows_that_are_removed_for_good_leave_the_figures(scenario: Scenario) -> None:
    for _ in range(2):
        scenario.message(scenario.enrolment(), replied_at=AT)
    folding.fold_all()
    with platform_context(tenant_id=scenario.tenant.pk), connection.cursor() as cursor:
        cursor.execute("DELETE FROM campaign_leads WHERE id = (SELECT min(id::text)::uuid FROM campaign_leads)")
    assert people(scenario)["answered"] == 1
    assert recount_requested() == 1
    assert people(scenario)["contacted"] == 1
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM messages")
        cursor.execute("DELETE FROM campaigns")
    folding.fold_all()
    assert waiting() == 0
    with platform_context():
        assert not CampaignFigure.all_objects.exists()
        assert not EnrolmentMilestone.all_objects.exists()


def test_counting_anew_fills_in_what_is_missing_and_says_what_was_wrong(scenario: Scenario) -> None:
    tell_a_story(scenario)
    before = people(scenario)
    with platform_context():
        FigureEntry.all_objects.all().delete()
    assert people(scenario)["enrolled"] == 0
    found = recount(scenario.tenant.pk, scenario.campaign.pk)
    assert any(each.number > 0 for each in found)
    assert people(scenario) == before
    with platform_context(tenant_id=scenario.tenant.pk):
        wrong = CampaignFigure.objects.filter(face="people", metric="replied", day=None).get()
        CampaignFigure.objects.filter(pk=wrong.pk).update(number=40)
    [difference] = recount(scenario.tenant.pk, scenario.campaign.pk)
    assert (difference.number, "replied" in str(difference)) == (-38, True)
    assert people(scenario) == before


def test_a_change_of_the_time_zone_moves_what_happened_to_other_days(scenario: Scenario) -> None:
    late = AT.replace(hour=22)
    with platform_context():
        Tenant.objects.filter(pk=scenario.tenant.pk).update(timezone="Asia/Dubai")
    scenario.message(scenario.enrolment(), occurred_at=late)
    folding.fold_all()
    assert [each.day.day for each in read(scenario).days] == [5]
    with tenant_context(scenario.tenant.pk):
        Tenant.objects.filter(pk=scenario.tenant.pk).update(timezone="UTC")
        request_recounts(scenario.tenant.pk, reason="The time zone was changed.")
        assert FigureRecount.objects.count() == 1
        assert read(scenario).is_behind
    assert recount_requested() == 1
    assert [each.day.day for each in read(scenario).days] == [4]
    assert not read(scenario).is_behind


def test_what_people_find_out_is_counted_once_and_can_be_taken_back(scenario: Scenario) -> None:
    enrolment = scenario.enrolment()
    scenario.message(enrolment)

    def interested() -> int:
        return next(rate.part for rate in read(scenario).rates if rate.key == "interested")

    for holds, expected in ((True, 1), (True, 1), (False, 0), (True, 1)):
        with tenant_context(scenario.tenant.pk):
            record(Milestone.INTERESTED, [enrolment.pk], at=AT, holds=holds)
        assert interested() == expected
        folding.fold_all()
        assert interested() == expected
    with tenant_context(scenario.tenant.pk):
        record_for_leads(Milestone.BOOKED, [enrolment.lead_id], at=AT + timedelta(days=1))
        record_for_leads(Milestone.BOOKED, [enrolment.lead_id], at=AT - timedelta(days=1))
    assert next(rate.words for rate in read(scenario).rates if rate.key == "booked") == "1 of 1 contacted"
    assert recount(scenario.tenant.pk, scenario.campaign.pk) == []


def test_a_machine_that_follows_every_link_takes_nobody_out(scenario: Scenario) -> None:
    scenario.message(scenario.enrolment(), events="unsubscribed")
    scenario.message(scenario.enrolment(), events="unsubscribed! complained!")

    def unsubscribed() -> str:
        return next(rate.words for rate in read(scenario).rates if rate.key == "unsubscribed")

    assert unsubscribed() == "1 of 2 contacted"
    assert recount(scenario.tenant.pk, scenario.campaign.pk) == []
    assert unsubscribed() == "1 of 2 contacted"


def test_of_very_many_changes_the_page_says_that_it_is_behind(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_PENDING", 3)
    for _ in range(4):
        scenario.enrolment()
    assert read(scenario).is_behind
    folding.fold_all()
    assert not read(scenario).is_behind
    assert people(scenario)["enrolled"] == 4


def test_reading_costs_the_same_for_few_and_many_rows(scenario: Scenario) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            read(scenario)
        return len(captured)

    scenario.message(scenario.enrolment())
    before = cost()
    for _ in range(6):
        scenario.message(scenario.enrolment(), replied_at=AT)
    assert cost() == before
    folding.fold_all()
    assert cost() == before


def test_another_tenants_rows_are_neither_read_nor_folded_into_ones_own(
    scenario: Scenario, other_tenant: Tenant
) -> None:
    scenario.message(scenario.enrolment())
    with platform_context(tenant_id=other_tenant.pk):
        foreign = CampaignFactory.create()
    folding.fold_all()
    with tenant_context(other_tenant.pk):
        assert people_of(foreign) == 0
        assert not CampaignFigure.all_objects.exists()
        assert rows("SELECT count(*) FROM campaign_figure_entries") == [(0,)]
        # Even named outright, the rows of the other tenant are not seen.
        scenario.campaign.tenant = scenario.tenant
        assert people_of(scenario.campaign) == 0


def people_of(campaign: Campaign) -> int:
    return report(campaign).funnel.enrolled


@pytest.mark.django_db(transaction=True)
def test_writers_and_folders_at_the_same_time_lose_and_double_nothing(scenario: Scenario) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        enrolments = [scenario.enrolment() for _ in range(12)]
    messages = [scenario.message(each, state=MessageState.QUEUED) for each in enrolments]
    numbers = count()

    def send(part: int) -> None:
        for message in messages[part::3]:
            next(numbers)
            with tenant_context(scenario.tenant.pk):
                Message.objects.filter(pk=message.pk).update(state=MessageState.SENT)
                Message.objects.filter(pk=message.pk).update(replied_at=AT + timedelta(hours=2))
            with tenant_context(scenario.tenant.pk):
                CampaignLead.objects.filter(pk=message.campaign_lead_id).update(reason="delay")

    def fold() -> None:
        for _ in range(12):
            folding.fold_all()

    results = run_together(lambda: send(0), lambda: send(1), lambda: send(2), fold, fold)
    assert results == [None] * 5
    assert next(numbers) == 12
    folding.fold_all()
    assert waiting() == 0
    found = people(scenario)
    assert (found["contacted"], found["delivered"], found["answered"]) == (12, 12, 12)
    assert recount(scenario.tenant.pk, scenario.campaign.pk) == []


@pytest.mark.django_db(transaction=True)
def test_two_recounts_beside_writers_correct_once(scenario: Scenario) -> None:
    tell_a_story(scenario)
    before = people(scenario)
    with platform_context():
        FigureEntry.all_objects.all().delete()

    def again() -> int:
        return len(recount(scenario.tenant.pk, scenario.campaign.pk))

    results = run_together(again, again, folding.fold_all)
    assert all(isinstance(each, int) for each in results), results
    folding.fold_all()
    assert people(scenario) == before
    assert recount(scenario.tenant.pk, scenario.campaign.pk) == []

"""Running campaigns find their leads: some each day, each once, from where they stopped; limits only postpone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.services.enrolment import enrol
from campaigns.lead_generation import worker
from campaigns.lead_generation.models import LeadGeneration
from lad.tenancy.context import platform_context, tenant_context
from leads.companies import caching
from leads.companies.apollo.errors import AnswerLost, CreditsUsedUp, KeyRefused, LimitReached, PlanRefused
from leads.companies.apollo.records import Company, Person
from leads.companies.reveals.models import Reveal
from leads.companies.search.services import search_people
from leads.contacts.models import Lead
from leads.pipeline import services as pipeline
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignFactory, CampaignStepFactory
from tests.leads.companies.prospecting.directory import (
    Directory,
    books,
    connect,
    found,
    fund,
    list_prices,
    matched,
    person_id,
)

# A Wednesday.
NOW = datetime(2026, 12, 2, 10, tzinfo=UTC)


@pytest.fixture
def directory(tenant: Tenant) -> Directory:
    """Thirty people on one page, two in each company."""
    with platform_context(tenant_id=tenant.pk):
        pipeline.ensure(tenant.pk)
    list_prices()
    connect()
    fund(tenant)
    people: dict[str, Person | None] = {person_id(number): matched(number) for number in range(1, 31)}
    rows = [found(number, company_name=f"Clinic {number // 2}") for number in range(1, 31)]
    return Directory(people=people, found=rows)


@pytest.fixture
def step(tenant: Tenant, directory: Directory) -> Callable[..., Any]:
    """``step(limit=5)`` makes a running campaign with that step, and one that sends a message."""

    def make(channel: str = "email_send", campaign: Any = None, **config: Any) -> Any:
        with platform_context(tenant_id=tenant.pk):
            row = CampaignFactory.create(status=CampaignStatus.RUNNING, config=campaign or {})
            given = {"filters": {"roles": ["Clinic manager"]}, **config}
            made = CampaignStepFactory.create(campaign=row, type="lead_generation", order=1, config=given)
            CampaignStepFactory.create(campaign=row, type=channel, order=2, config={"subject": "Hi", "body": "Hi"})
        return made

    return make


@pytest.fixture
def run(tenant: Tenant, directory: Directory) -> Callable[..., LeadGeneration | None]:
    """``run(days=1)`` lets all that is due happen a day later, and returns how far the step has come."""

    def go(**later: int) -> LeadGeneration | None:
        def search(query: Any, **options: Any) -> Any:
            return search_people(query, directory=directory, **options)

        for _turn in range(4):
            with platform_context():
                LeadGeneration.objects.filter(next_run_at__lte=NOW + timedelta(**later) + worker.LOOK_AGAIN).update(
                    next_run_at=None
                )
            worker.run_due(now=NOW + timedelta(**later), search=search)
            directory.run()
        with tenant_context(tenant.pk):
            return LeadGeneration.objects.first()

    return go


def enrolled(tenant: Tenant) -> list[str]:
    with tenant_context(tenant.pk):
        rows = CampaignLead.objects.order_by("pk").values_list("lead__source_id", flat=True)
        return sorted(rows, key=lambda each: int(each.partition("-")[2] or 0))


def people(first: int, last: int) -> list[str]:
    return [person_id(number) for number in range(first, last + 1)]


def test_some_leads_are_found_each_day_from_where_it_stopped(
    tenant: Tenant, directory: Directory, step: Any, run: Any
) -> None:
    step(limit=5)
    row = run()
    assert (row.found_today, row.found, row.reason) == (5, 5, worker.DONE_TODAY)
    assert enrolled(tenant) == people(1, 5)
    assert books(tenant) == (10, 0)
    assert run(hours=3).found == 5
    row = run(days=1)
    assert (row.found_today, row.found) == (5, 10)
    assert enrolled(tenant) == people(1, 10)
    with tenant_context(tenant.pk):
        assert set(Lead.objects.values_list("email", flat=True)) == {
            f"anna@clinic{number}.example" for number in range(1, 11)
        }
        assert not CampaignLeadActivity.objects.exists()


def test_people_whom_the_campaign_cannot_reach_are_passed_over_for_nothing(
    tenant: Tenant, directory: Directory, step: Any, run: Any
) -> None:
    directory.people[person_id(2)] = None
    directory.people[person_id(3)] = matched(3, email="")
    step(limit=4)
    assert run().found == 4
    assert enrolled(tenant) == [person_id(1), *people(4, 6)]
    assert books(tenant) == (8, 0)
    with tenant_context(tenant.pk):
        assert Lead.objects.count() == 4


def test_leads_that_are_known_are_left_out(tenant: Tenant, directory: Directory, step: Any, run: Any) -> None:
    from tests.factories.leads import LeadFactory

    with platform_context(tenant_id=tenant.pk):
        LeadFactory.create(source="apollo_io", source_id=person_id(1))
    step(limit=3)
    run()
    assert enrolled(tenant) == people(2, 4)


def test_one_lead_of_each_company_where_that_is_set(tenant: Tenant, directory: Directory, step: Any, run: Any) -> None:
    directory.people = {each: matched(int(each.partition("-")[2]), company=None) for each in directory.people}
    step(limit=3, one_per_company=True)
    run()
    run(days=1)
    assert enrolled(tenant) == [person_id(1), *(person_id(number) for number in (2, 4, 6, 8, 10))]


@pytest.mark.parametrize(
    ("config", "campaign", "found", "reason"),
    [
        ({"limit": 5, "max_leads": 2}, {}, 2, worker.ENOUGH),
        ({}, {"leads_per_day": 3}, 3, worker.DONE_TODAY),
        ({"limit": 5}, {"window": {"days": ["monday"]}}, 0, worker.NO_WORKING_DAY),
        ({"limit": 5, "source": "linkedin_search"}, {}, 0, worker.OTHER_SOURCE),
        ({"limit": 5, "filters": {}}, {}, 0, worker.NO_FILTERS),
    ],
)
def test_what_limits_it(
    tenant: Tenant, step: Any, run: Any, config: Any, campaign: Any, found: int, reason: str
) -> None:
    step(campaign=campaign, **config)
    row = run()
    assert (row.found, row.reason) == (found, reason)
    assert row.next_run_at > NOW


def test_a_limit_of_the_directory_postpones_it(tenant: Tenant, directory: Directory, step: Any, run: Any) -> None:
    until = NOW + timedelta(hours=5)
    directory.fails = [LimitReached(until, window="hour")]
    step(limit=2)
    row = run()
    assert (row.found, row.next_run_at, row.lease_until) == (0, until, None)
    assert "limit" in row.reason
    assert run(hours=5).found == 2


def test_missing_credit_postpones_it_and_passes_nobody_over(
    tenant: Tenant, directory: Directory, step: Any, run: Any
) -> None:
    from tests.leads.companies.prospecting.directory import spend

    spend(tenant, 95)
    step(limit=4)
    row = run()
    assert (row.found, row.position, row.pending) == (0, 0, [])
    assert "Top up" in row.reason
    with tenant_context(tenant.pk):
        assert not Reveal.objects.exists()
    fund(tenant, 101)
    run(hours=1)
    assert enrolled(tenant) == people(1, 4)


def test_when_everybody_was_found_it_looks_for_new_people(
    tenant: Tenant, directory: Directory, step: Any, run: Any
) -> None:
    directory.found = [found(number) for number in range(1, 4)]
    step(limit=10)
    row = run()
    assert (row.found, row.reason) == (3, worker.ALL_FOUND)
    directory.found = [found(number) for number in range(1, 6)]
    with platform_context():
        from leads.companies.search.models import DirectorySearch

        DirectorySearch.objects.update(fetched_at=NOW - timedelta(days=900))
    run(days=1)
    assert enrolled(tenant) == people(1, 5)


def test_other_filters_begin_again(tenant: Tenant, directory: Directory, step: Any, run: Any) -> None:
    made = step(limit=2)
    assert run().position == 2
    with platform_context():
        type(made).objects.filter(pk=made.pk).update(config={"filters": {"roles": ["Owner"]}, "limit": 2})
    directory.found = [found(20), found(21), found(22)]
    assert run(days=1).position == 2
    assert enrolled(tenant) == [*people(1, 2), *people(20, 21)]


def test_only_running_campaigns_find_leads(tenant: Tenant, step: Any, run: Any) -> None:
    made = step(limit=2)
    with platform_context():
        Campaign.objects.filter(pk=made.campaign_id).update(status=CampaignStatus.PAUSED)
        assert not worker.has_work()
    assert run() is None
    with platform_context():
        Campaign.objects.filter(pk=made.campaign_id).update(status=CampaignStatus.RUNNING)
        assert worker.has_work()


def test_a_worker_that_died_lets_the_next_one_go_on(tenant: Tenant, step: Any, run: Any) -> None:
    made = step(limit=2)
    with tenant_context(tenant.pk):
        assert worker._claim(tenant.pk, made.pk, NOW) is not None
        assert worker._claim(tenant.pk, made.pk, NOW) is None
        LeadGeneration.objects.update(lease_until=datetime(2026, 1, 1, tzinfo=UTC))
    assert run().found == 2


@pytest.mark.parametrize("error", [KeyRefused(), CreditsUsedUp(), PlanRefused()])
def test_an_account_that_fails_in_the_middle_passes_nobody_over(
    tenant: Tenant, directory: Directory, step: Any, run: Any, error: Exception
) -> None:
    directory.fails_reveals = [error] * 2
    step(limit=3)
    row = run()
    assert (row.found, row.found_today, row.pending) == (0, 0, people(1, 3))
    assert str(error) in row.reason or row.reason.startswith("The directory")
    assert (row.next_run_at, row.lease_until) == (NOW + worker.TRY_AGAIN, None)
    assert books(tenant) == (0, 0)
    with tenant_context(tenant.pk):
        assert not Lead.objects.exists()
    # Still refused: nobody else is asked for meanwhile.
    assert run(hours=1).pending == people(1, 3)
    assert run(hours=2).found == 3
    assert enrolled(tenant) == people(1, 3)
    assert books(tenant) == (6, 0)


def test_people_of_whom_the_answer_was_lost_are_left_to_a_person(
    tenant: Tenant, directory: Directory, step: Any, run: Any
) -> None:
    directory.fails_reveals = [AnswerLost()]
    step(limit=2)
    row = run()
    # The next ones are chosen in their place, and nobody is asked for twice.
    assert (row.found, enrolled(tenant)) == (2, people(3, 4))
    assert directory.asked == [people(1, 2), people(3, 4)]


def test_a_step_that_breaks_waits_and_does_not_hold_up_the_others(
    tenant: Tenant, directory: Directory, step: Any, run: Any
) -> None:
    first = step(limit=2)
    directory.fails = [RuntimeError("a bug")]
    with tenant_context(tenant.pk):
        assert worker._claim(tenant.pk, first.pk, NOW) is not None
        LeadGeneration.objects.update(lease_until=None)
    step(limit=2, filters={"roles": ["Owner"]})
    run()
    with tenant_context(tenant.pk):
        rows = {row.step_id: row for row in LeadGeneration.objects.all()}
        broken = [row for row in rows.values() if row.reason == worker.BROKEN]
        assert (len(rows), len(broken)) == (2, 1)
        assert (broken[0].found, broken[0].next_run_at, broken[0].lease_until) == (0, NOW + worker.TRY_AGAIN, None)
        assert sorted(row.found for row in rows.values()) == [0, 2]


@pytest.mark.parametrize(
    "known",
    [{"company_name": "CLINIC 0"}, {"company_name": "Another name", "company_domain": "clinic1.example"}],
)
def test_one_lead_of_a_company_however_it_is_written(
    tenant: Tenant, directory: Directory, step: Any, run: Any, known: dict[str, str]
) -> None:
    from tests.factories.leads import LeadFactory

    made = step(limit=1, one_per_company=True)
    with tenant_context(tenant.pk):
        caching.store_people([matched(1, company=Company(id="c", name="Clinic 0", domain="clinic1.example"))], now=NOW)
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(**{"source": "", "source_id": "", "company_domain": "", **known})
    with tenant_context(tenant.pk):
        assert enrol(campaign=made.campaign, leads=[lead.pk], actor=None, now=NOW).enrolled == 1
    run()
    assert enrolled(tenant) == ["", person_id(2)]


def test_who_was_chosen_yesterday_and_is_enrolled_today_counts_for_today(
    tenant: Tenant, directory: Directory, step: Any, run: Any
) -> None:
    step(limit=3)

    def search(query: Any, **options: Any) -> Any:
        return search_people(query, directory=directory, **options)

    worker.run_due(now=NOW, search=search)
    row = run(days=1)
    assert (row.found, row.found_today, row.reason) == (3, 3, worker.DONE_TODAY)
    assert run(days=2).found == 6

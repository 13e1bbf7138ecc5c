"""Reveals ask for nobody twice, and are paid exactly once and only for what they bring."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.pricing.models import Price
from billing.pricing.services.quoting import NoPrice
from lad.tenancy.context import platform_context, tenant_context
from leads.companies import charging
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.apollo.errors import AnswerLost, DirectoryDown, KeyRefused, LimitReached
from leads.companies.apollo.phones import PhoneDelivery
from leads.companies.apollo.records import Phone
from leads.companies.features import FEATURE
from leads.companies.models import EmployeeCache
from leads.companies.reveals import claims, recording, services, worker
from leads.companies.reveals.errors import NotEnoughCredit, RevealDecided
from leads.companies.reveals.models import Reveal, RevealState
from leads.companies.reveals.selectors import progress_of, results_of
from leads.companies.reveals.tokens import make_token
from leads.companies.search.results import people as people_of
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.billing import FeatureEntitlementFactory
from tests.leads.companies.prospecting.directory import (
    MOBILE,
    Directory,
    books,
    fund,
    list_prices,
    matched,
    person_id,
    phones,
    spend,
)
from tests.support.concurrency import ConcurrentWork, wait_until_blocked

ID = person_id(1)
LANDLINE = "+97142345678"


def ask(tenant: Tenant, people: list[str], *kinds: str) -> Any:
    with tenant_context(tenant.pk):
        return services.request(people, kinds or ["email"])


def reveal(tenant: Tenant, kind: str = "email", person: str = ID) -> Reveal:
    with tenant_context(tenant.pk):
        row: Reveal = Reveal.objects.get(person_id=person, kind=kind)
        return row


def later(tenant: Tenant, **values: Any) -> None:
    """Let time pass for the reveals: set their times."""
    with platform_context():
        assert Reveal.objects.filter(tenant=tenant).update(**values)


def test_addresses_are_found_ten_at_a_time_and_paid_once(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    people = known(25)
    row = ask(tenant, people)
    assert directory.run() == 25
    assert [len(each) for each in directory.asked] == [10, 10, 5]
    assert books(tenant) == (50, 0)
    ask(tenant, people)
    assert directory.run() == 0
    assert (len(directory.asked), books(tenant)) == (3, (50, 0))
    with tenant_context(tenant.pk):
        results = results_of(row)
        assert (progress_of(results).found, progress_of(results).percent) == (25, 100)
        assert [each.person_id for each in results] == people
        person = EmployeeCache.objects.get(apollo_person_id=ID)
        assert (person.employee_email, person.employee_name, person.company_id) == (
            "anna@clinic1.example",
            "Anna Hussein1",
            "company-1",
        )
        assert "email" not in person.employee_data


@pytest.mark.parametrize("person", [None, matched(1, email="")])
def test_an_empty_answer_is_free(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], person: Any
) -> None:
    directory.people[ID] = person
    ask(tenant, known())
    directory.run()
    assert (reveal(tenant).state, books(tenant)) == (RevealState.EMPTY, (0, 0))
    ask(tenant, known())
    assert directory.run() == 0
    later(tenant, finished_at=timezone.now() - services.EMPTY_FOR - timedelta(hours=1))
    ask(tenant, known())
    assert directory.run() == 1


def test_a_limit_lets_everything_wait_until_it_ends_and_holds_nothing(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    until = timezone.now() + timedelta(hours=2)
    directory.fails = [LimitReached(until, window="hour")]
    ask(tenant, known(15))
    directory.run()
    assert len(directory.asked) == 1
    with tenant_context(tenant.pk):
        assert set(Reveal.objects.values_list("state", "next_attempt_at")) == {(RevealState.QUEUED, until)}
    assert books(tenant) == (0, 0)
    later(tenant, next_attempt_at=timezone.now())
    directory.run()
    assert books(tenant) == (30, 0)


def test_a_failure_that_was_not_charged_is_tried_again_and_given_up_in_the_end(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    for tries in range(1, recording.BACKOFF.attempts + 1):
        directory.fails = [DirectoryDown()]
        directory.run()
        row = reveal(tenant)
        assert (row.tries, books(tenant)) == (tries, (0, 0))
        later(tenant, next_attempt_at=timezone.now())
    assert row.state == RevealState.FAILED
    ask(tenant, known())
    directory.run()
    assert (reveal(tenant).state, books(tenant)) == (RevealState.FOUND, (2, 0))


def test_a_refused_key_fails_with_the_reason(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    directory.fails = [KeyRefused()]
    ask(tenant, known())
    directory.run()
    row = reveal(tenant)
    assert (row.state, row.error, books(tenant)) == (RevealState.FAILED, KeyRefused().detail, (0, 0))


@pytest.mark.parametrize(("decision", "state", "charged"), [("ask_again", "found", 2), ("give_up", "failed", 0)])
def test_an_answer_that_was_lost_keeps_its_credits_until_a_person_decides(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], decision: str, state: str, charged: int
) -> None:
    directory.fails = [AnswerLost()]
    ask(tenant, known())
    directory.run()
    assert (reveal(tenant).state, books(tenant)) == (RevealState.UNKNOWN, (0, 2))
    ask(tenant, known())
    assert directory.run() == 0
    with tenant_context(tenant.pk):
        getattr(services, decision)(reveal=reveal(tenant))
    directory.run()
    assert (reveal(tenant).state, books(tenant)) == (state, (charged, 0))
    with tenant_context(tenant.pk), pytest.raises(RevealDecided):
        services.give_up(reveal=reveal(tenant))


def test_a_worker_that_dies_before_its_request_leaves_nothing_behind(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    claims.claim(tenant.pk)
    assert books(tenant) == (0, 2)
    assert directory.run() == 0
    later(tenant, lease_until=timezone.now() - timedelta(seconds=1))
    assert directory.run() == 1
    assert (reveal(tenant).state, books(tenant)) == (RevealState.FOUND, (2, 0))


def test_a_worker_that_dies_after_its_request_leaves_an_unknown_answer(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    batch = claims.mark_sent(claims.claim(tenant.pk))
    later(tenant, lease_until=timezone.now() - timedelta(seconds=1))
    assert directory.run() == 0
    assert (reveal(tenant).state, books(tenant)) == (RevealState.UNKNOWN, (0, 2))
    # The worker was only slow. Nobody has asked since, so its answer, which is paid for, is taken.
    recording.record_answer(batch, directory.bulk_match([ID]))
    recording.record_answer(batch, directory.bulk_match([ID]))
    assert (reveal(tenant).state, books(tenant)) == (RevealState.FOUND, (2, 0))


@pytest.mark.parametrize(("decision", "state"), [("ask_again", RevealState.QUEUED), ("give_up", RevealState.FAILED)])
def test_an_answer_that_somebody_decided_not_to_wait_for_changes_nothing(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], decision: str, state: RevealState
) -> None:
    ask(tenant, known())
    batch = claims.mark_sent(claims.claim(tenant.pk))
    later(tenant, lease_until=timezone.now() - timedelta(seconds=1))
    directory.run()
    with tenant_context(tenant.pk):
        getattr(services, decision)(reveal=reveal(tenant))
    recording.record_answer(batch, directory.bulk_match([ID]))
    assert (reveal(tenant).state, books(tenant)) == (state, (0, 0))


def test_a_slow_worker_and_the_one_that_took_over_do_not_both_ask(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    slow = claims.claim(tenant.pk)
    later(tenant, lease_until=timezone.now() - timedelta(seconds=1))
    directory.run()
    assert not claims.mark_sent(slow).rows
    recording.postpone(slow, timezone.now(), "The limit is reached.")
    assert (reveal(tenant).state, books(tenant)) == (RevealState.FOUND, (2, 0))


def test_a_slow_attempt_says_nothing_about_a_later_one(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    slow = claims.mark_sent(claims.claim(tenant.pk))
    later(tenant, lease_until=timezone.now() - timedelta(seconds=1))
    directory.run()
    with tenant_context(tenant.pk):
        services.ask_again(reveal=reveal(tenant))
    newer = claims.mark_sent(claims.claim(tenant.pk))
    recording.fail(slow, "The key is refused.")
    assert (reveal(tenant).state, books(tenant)) == (RevealState.ASKING, (0, 2))
    recording.record_answer(newer, directory.bulk_match([ID]))
    assert (reveal(tenant).state, books(tenant)) == (RevealState.FOUND, (2, 0))


def test_a_person_is_asked_for_once_where_address_and_number_are_due_together(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    fund(tenant, 1_000)
    people = known(50)
    ask(tenant, people, "email")
    ask(tenant, people, "phone")
    while directory.run():
        pass
    asked = Counter(person for call in directory.asked for person in call)
    assert (len(asked), set(asked.values())) == (50, {1})


@pytest.mark.django_db(transaction=True)
def test_claims_of_a_tenant_take_turns_so_that_no_person_is_parted(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known(2), "email", "phone")
    others: list[claims.Batch] = []
    with tenant_context(tenant.pk):
        first = claims.claim(tenant.pk)
        work = ConcurrentWork(lambda: others.append(claims.claim(tenant.pk)))
        wait_until_blocked()
    assert work.succeeded()
    assert [len(batch.rows) for batch in (first, *others)] == [4, 0]


@pytest.mark.parametrize(("comes", "state"), [("in time", RevealState.WAITING), ("late", RevealState.FAILED)])
def test_a_number_that_the_directory_charges_nothing_for_is_free(
    tenant: Tenant,
    directory: Directory,
    known: Callable[..., list[str]],
    comes: str,
    state: RevealState,
) -> None:
    ask(tenant, known(), "phone")
    directory.run()
    if comes == "late":
        later(tenant, expires_at=timezone.now() - timedelta(seconds=1))
        directory.run()
    assert reveal(tenant, "phone").state == state
    recording.deliver(tenant.pk, PhoneDelivery({ID: (Phone(LANDLINE, "work_direct", "high"),)}))
    row = reveal(tenant, "phone")
    assert (row.state, row.value, row.credits, books(tenant)) == (RevealState.FOUND, LANDLINE, 0, (0, 0))
    ask(tenant, known(), "phone")
    assert directory.run() == 0


@pytest.fixture
def deliver(tenant: Tenant, api: Any, settings: Any) -> Callable[..., int]:
    """Post a delivery of phone numbers to the address that the directory was given; return the status."""
    settings.PUBLIC_URL = "https://lad.example"
    with platform_context():
        account = DirectoryAccount.objects.get()

    def post(*numbers: str, token: str = "") -> int:
        entries = [{"sanitized_number": each, "type_cd": "mobile", "confidence_cd": "high"} for each in numbers]
        body = {"people": [{"id": ID, "phone_numbers": entries}]}
        address = f"/api/v1/directory-webhooks/{token or make_token(tenant.pk, account.pk)}/"
        return int(api().post(address, body, format="json").status_code)

    return post


def test_a_number_that_is_delivered_twice_is_paid_once(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], deliver: Callable[..., int]
) -> None:
    ask(tenant, known(), "email", "phone")
    directory.run()
    assert directory.asked == [[ID]]
    assert (reveal(tenant, "phone").state, books(tenant)) == (RevealState.WAITING, (2, 10))
    assert [deliver(MOBILE), deliver(MOBILE)] == [204, 204]
    row = reveal(tenant, "phone")
    assert (row.state, row.value, row.confidence, books(tenant)) == (RevealState.FOUND, MOBILE, 90, (12, 0))
    with tenant_context(tenant.pk):
        assert EmployeeCache.objects.get(apollo_person_id=ID).employee_phone == MOBILE


def test_a_delivery_that_comes_after_another_takes_nothing_away_and_is_paid_once(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], deliver: Callable[..., int]
) -> None:
    ask(tenant, known(), "phone")
    directory.run()
    assert deliver() == 204
    assert (reveal(tenant, "phone").state, books(tenant)) == (RevealState.EMPTY, (0, 0))
    # The directory has found one after all, and charges for it.
    for numbers in ((MOBILE,), ("+971509876543",), (), (MOBILE,)):
        assert deliver(*numbers) == 204
        row = reveal(tenant, "phone")
        assert (row.state, row.value, books(tenant)) == (RevealState.FOUND, MOBILE, (10, 0))


def test_a_number_may_come_before_the_answer_to_its_request(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], deliver: Callable[..., int]
) -> None:
    directory.meanwhile = lambda: deliver(MOBILE)
    ask(tenant, known(), "email", "phone")
    directory.run()
    assert (reveal(tenant, "phone").state, books(tenant)) == (RevealState.FOUND, (12, 0))


@pytest.mark.parametrize(("numbers", "state", "charged"), [((MOBILE,), "found", 10), ((), "empty", 0)])
def test_a_number_that_never_comes_releases_its_credits_and_a_late_one_is_paid(
    tenant: Tenant,
    directory: Directory,
    known: Callable[..., list[str]],
    deliver: Callable[..., int],
    numbers: tuple[str, ...],
    state: str,
    charged: int,
) -> None:
    ask(tenant, known(), "phone")
    directory.run()
    later(tenant, expires_at=timezone.now() - timedelta(seconds=1))
    directory.run()
    row = reveal(tenant, "phone")
    assert (row.state, row.error, books(tenant)) == (RevealState.FAILED, recording.TOO_LATE, (0, 0))
    assert deliver(*numbers) == 204
    assert (reveal(tenant, "phone").state, books(tenant)) == (state, (charged, 0))


def test_a_number_whose_delivery_was_lost_is_asked_for_by_its_request(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known(), "phone")
    directory.run()
    assert directory.run() == 0
    directory.results = {"request-1": phones(MOBILE)}
    later(tenant, next_attempt_at=timezone.now() - timedelta(seconds=1))
    directory.run()
    assert (reveal(tenant, "phone").state, books(tenant)) == (RevealState.FOUND, (10, 0))


def test_a_number_whose_answer_was_lost_waits_for_its_delivery(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], deliver: Callable[..., int]
) -> None:
    directory.fails = [AnswerLost()]
    ask(tenant, known(), "email", "phone")
    directory.run()
    assert [reveal(tenant, kind).state for kind in ("email", "phone")] == [RevealState.UNKNOWN, RevealState.WAITING]
    deliver(MOBILE)
    assert (reveal(tenant, "phone").state, books(tenant)) == (RevealState.FOUND, (10, 2))


def test_nobody_delivers_without_the_token_or_for_what_was_not_asked(
    tenant: Tenant,
    other_tenant: Tenant,
    directory: Directory,
    known: Callable[..., list[str]],
    deliver: Callable[..., int],
) -> None:
    ask(tenant, known(), "phone")
    assert deliver(MOBILE) == 204
    assert reveal(tenant, "phone").state == RevealState.QUEUED
    directory.run()
    with platform_context():
        account = DirectoryAccount.objects.get()
    token = make_token(tenant.pk, account.pk)
    forged = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    assert [deliver(MOBILE, token=each) for each in ("x", "ü", forged, token[:-2])] == [404] * 4
    assert deliver(MOBILE, token=make_token(other_tenant.pk, account.pk)) == 204
    assert reveal(tenant, "phone").state == RevealState.WAITING


def test_what_cannot_be_paid_is_not_asked_for(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    people = known(30)
    with tenant_context(tenant.pk):
        cost = services.estimate(people, ["email", "phone"])
        assert (cost.credits, cost.cached, cost.paid, cost.available) == (360, 0, 60, 100)
        with pytest.raises(NotEnoughCredit):
            services.request(people, ["email", "phone"])
        # Others spend the credit meanwhile.
        services.request(people, ["email"])
    spend(tenant, 90)
    directory.run()
    with tenant_context(tenant.pk):
        states = list(Reveal.objects.values_list("state", flat=True))
        assert (states.count("found"), states.count("failed")) == (5, 25)
        assert "credit is not enough" in Reveal.objects.filter(state="failed").first().error
        cost = services.estimate(people, ["email"])
        assert (cost.credits, cost.cached) == (50, 5)
    assert books(tenant)[1] == 0


@pytest.mark.parametrize(
    ("unit", "overages", "credits", "refused"),
    [("record", True, 64, 0), ("use", True, 64, 0), ("record", False, 60, 8)],
)
def test_an_estimate_knows_what_is_beyond_the_plan(
    tenant: Tenant,
    directory: Directory,
    known: Callable[..., list[str]],
    unit: str,
    overages: bool,
    credits: int,
    refused: int,
) -> None:
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(
            tenant=tenant,
            feature_key=FEATURE,
            quota_unit=unit,
            monthly_quota=Decimal(22),
            allow_overages=overages,
            overage_rate=Decimal("0.5"),
        )
    people = known(30)
    with tenant_context(tenant.pk):
        cost = services.estimate(people, ["email"])
        assert (cost.credits, cost.refused) == (credits, refused)
        services.request(people, ["email"])
    directory.run()
    # What is refused is not paid, and the rest costs what was estimated.
    assert books(tenant) == (credits - 2 * refused, 0)


def test_a_revealed_person_has_the_whole_name_and_what_the_search_said(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    assert reveal(tenant).person_name == "Anna Hu***n"
    directory.run()
    assert reveal(tenant).person_name == "Anna Hussein1"
    with tenant_context(tenant.pk):
        assert people_of([ID])[0].has_phone is True


def test_what_is_known_or_known_not_to_be_there_is_asked_for_again_without_credit(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    directory.people[person_id(2)] = None
    people = known(3)
    with tenant_context(tenant.pk):
        # An import, for example, has brought it.
        EmployeeCache.objects.filter(apollo_person_id=person_id(3)).update(employee_email="anna@clinic3.example")
        assert (services.estimate(people, ["email"]).credits, services.estimate(people, ["email"]).cached) == (4, 1)
    ask(tenant, people)
    directory.run()
    assert (directory.asked, books(tenant)) == ([[person_id(1), person_id(2)]], (2, 0))
    spend(tenant, 98)
    row = ask(tenant, people)
    assert directory.run() == 0
    with tenant_context(tenant.pk):
        cost = services.estimate(people, ["email"])
        assert (cost.credits, cost.cached, cost.paid, cost.available) == (0, 3, 0, 0)
        assert [each.state for each in results_of(row)] == ["found", "empty", "found"]


def test_by_an_account_of_its_own_a_tenant_pays_only_what_is_named_for_that(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    with tenant_context(tenant.pk):
        DirectoryAccount.objects.create(tenant=tenant, name="Our Apollo", api_key="ours")
        assert services.estimate(known(2), ["email", "phone"]).credits == 0
    ask(tenant, known(2), "email")
    directory.run()
    assert (reveal(tenant).state, books(tenant)) == (RevealState.FOUND, (0, 0))
    list_prices(provider=charging.OWN_PROVIDER, prices={"phone": Decimal(3)})
    with tenant_context(tenant.pk):
        assert services.estimate(known(2), ["email", "phone"]).credits == 6
    ask(tenant, known(2), "phone")
    directory.run()
    assert books(tenant) == (0, 6)
    recording.deliver(tenant.pk, phones(MOBILE))
    assert (reveal(tenant, "phone").state, books(tenant)) == (RevealState.FOUND, (3, 3))


def test_without_a_price_nothing_is_sold_by_the_platforms_account(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    with platform_context():
        Price.objects.update(effective_to=timezone.now())
    with tenant_context(tenant.pk), pytest.raises(NoPrice):
        services.request(known(), ["phone"])
    # What was asked for before is not asked of the directory either.
    directory.run()
    assert (reveal(tenant).state, directory.asked, books(tenant)) == (RevealState.FAILED, [], (0, 0))


def test_a_cancelled_request_is_not_asked_for(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    row = ask(tenant, known(3))
    other = ask(tenant, known(1))
    with tenant_context(tenant.pk):
        assert (services.cancel(request=row), services.cancel(request=other)) == (2, 0)
    directory.run()
    assert (len(directory.asked[0]), books(tenant)) == (1, (2, 0))


def test_tenants_share_nothing_that_was_paid(
    tenant: Tenant, other_tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ask(tenant, known())
    directory.run()
    with tenant_context(other_tenant.pk):
        assert not Reveal.objects.exists()
        assert not EmployeeCache.objects.exists()


def test_work_is_found_only_where_there_is_some(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    def has_work() -> bool:
        with platform_context():
            return worker.has_work()

    assert not has_work()
    ask(tenant, known())
    assert has_work()
    directory.run()
    assert not has_work()


def test_the_api_estimates_reveals_and_tells_the_results(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], api: Any, member: User, viewer: User
) -> None:
    body = {"people": known(2), "kinds": ["email"]}
    client = api(member)
    estimate = client.post("/api/v1/reveals/estimate/", body, format="json").json()
    assert (estimate["credits"], estimate["paid"], estimate["is_affordable"]) == ("4.000000", 2, True)
    assert api(viewer).post("/api/v1/reveal-people/", body, format="json").status_code == 403
    made = client.post("/api/v1/reveal-people/", body, format="json")
    assert made.status_code == 202, made.json()
    directory.run()
    answer = client.get(f"/api/v1/reveal-requests/{made.json()['id']}/results/").json()
    assert answer["progress"]["found"] == 2
    assert [each["value"] for each in answer["results"]] == ["anna@clinic1.example", "anna@clinic2.example"]
    again = client.post(f"/api/v1/reveals/{answer['results'][0]['id']}/ask-again/")
    assert again.status_code == 409
    assert client.post(f"/api/v1/reveal-requests/{made.json()['id']}/cancel/").json() == {"cancelled": 0}

"""Keys, unique keys and rules that only the database checks: the answer is the same late and in a race."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad import writes
from lad.errors import Invalid, NotFound
from lad.tenancy.context import platform_context, tenant_context
from leads.bookings.models import LeadBooking
from leads.contacts.models import Lead, LeadNote
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory, LeadFactory
from tests.leads.helpers import BOOKINGS, LEADS, NOTES, STAGES
from tests.support.api import conflict, field_problems, problem
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import refuses, stored

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
SOURCE = {"source": "apollo_io", "source_id": "p-1"}


def answer(request: Any, *, after: Any, racing: bool, tenant_id: UUID) -> Any:
    """Return the response to a request after another write, or in a race: one that waits for it to commit."""
    if not racing:
        with platform_context(tenant_id=tenant_id):
            after()
        return request()
    responses: list[Any] = []
    with platform_context(tenant_id=tenant_id):
        after()
        work = ConcurrentWork(lambda: responses.append(request()))
        wait_until_blocked()
    assert work.succeeded(), work.error
    return responses[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("racing", [False, True], ids=["late", "racing"])
def test_a_duplicate_is_a_conflict(racing: bool, api: Any, member: User, lead: Lead) -> None:
    response = answer(
        lambda: api(member).post(LEADS, {"first_name": "Ana", **SOURCE}, format="json"),
        after=lambda: LeadFactory.create(**SOURCE),
        racing=racing,
        tenant_id=lead.tenant_id,
    )
    assert conflict(response) == "This lead was already imported from that source."
    assert response.json()["fields"] == ["source", "source_id"]
    with platform_context():
        assert Lead.objects.filter(**SOURCE).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("racing", [False, True], ids=["late", "racing"])
def test_a_key_to_a_row_that_is_gone_is_invalid(racing: bool, api: Any, member: User, lead: Lead) -> None:
    response = answer(
        lambda: api(member).post(NOTES, {"lead": str(lead.pk), "content": "Hello"}, format="json"),
        after=lambda: Lead.all_objects.filter(pk=lead.pk).hard_delete(),
        racing=racing,
        tenant_id=lead.tenant_id,
    )
    assert field_problems(response) == {"lead": ["There is no such lead here."]}
    with platform_context():
        assert not LeadNote.objects.exists()


def test_a_broken_rule_is_shown_at_the_field_that_was_changed(api: Any, member: User, make_lead: Any) -> None:
    lead = make_lead()
    body = {"lead": str(lead.pk), "scheduled_at": NINE.isoformat(), "booking_type": "demo"}
    early = {"buffer_until": (NINE - timedelta(minutes=5)).isoformat()}
    sentence = ["A booking must end after it starts."]
    client = api(member)
    both = client.post(BOOKINGS, {**body, **early}, format="json")
    assert field_problems(both) == {"non_field_errors": sentence}
    booked = client.post(BOOKINGS, body, format="json").json()
    changed = client.patch(f"{BOOKINGS}{booked['id']}/", early, format="json")
    assert field_problems(changed) == {"buffer_until": sentence}


def test_overlapping_times_are_a_conflict(tenant: Tenant, api: Any, member: User, admin: User, lead: Lead) -> None:
    follow_up = {"lead": lead, "booking_type": "auto_followup", "scheduled_at": NINE, "tenant": tenant}
    with platform_context(tenant_id=tenant.pk):
        LeadBookingFactory.create(**follow_up, assigned_user=admin, buffer_until=NINE + timedelta(minutes=15))
    body = {"lead": str(lead.pk), "booking_type": "auto_followup", "scheduled_at": NINE.isoformat()}
    response = api(member).post(BOOKINGS, body, format="json")
    assert conflict(response) == "The lead has another follow-up at that time."
    with platform_context():
        assert LeadBooking.objects.count() == 1


def test_a_missing_value_is_invalid_at_its_field(tenant: Tenant, lead: Lead) -> None:
    with tenant_context(tenant.pk):
        with refuses(Invalid) as caught:
            writes.update(lead, {"first_name": None})
        assert caught.value.errors == {"first_name": ["This field cannot be null."]}


def test_a_member_who_is_no_longer_one_is_refused_as_a_key(tenant: Tenant, other_owner: User, lead: Lead) -> None:
    with tenant_context(tenant.pk), refuses(Invalid) as caught:
        writes.update(lead, {"assigned_user": other_owner})
    assert caught.value.errors == {"assigned_user": ["There is no such user here."]}


def test_a_row_that_is_gone_is_not_found(tenant: Tenant, lead: Lead) -> None:
    with platform_context():
        Lead.all_objects.filter(pk=lead.pk).hard_delete()
    with tenant_context(tenant.pk), refuses(NotFound):
        writes.update(lead, {"first_name": "Ana"})


def test_only_changed_columns_are_written(tenant: Tenant, lead: Lead) -> None:
    with tenant_context(tenant.pk):
        Lead.objects.filter(pk=lead.pk).update(title="CTO")
        row = writes.update(lead, {"first_name": "Ana", "company_name": lead.company_name})
    now = stored(lead)
    assert (now.first_name, now.title, now.updated_at) == ("Ana", "CTO", row.updated_at)
    assert row.search_text == now.search_text
    assert row.search_text.startswith(" ana ")


def test_a_refused_write_keeps_nothing(api: Any, member: User, admin: User, stages: None, make_lead: Any) -> None:
    make_lead(**SOURCE)
    lead, events = make_lead(), _events()
    response = api(member).patch(f"{LEADS}{lead.pk}/", {"title": "CTO", **SOURCE}, format="json")
    assert problem(response) == (409, "refused")
    assert (stored(lead).title, _events()) == (lead.title, events)
    keyed = {"key": "won", "label": "Won again", "display_order": 1}
    assert problem(api(admin).post(STAGES, keyed, format="json")) == (409, "refused")
    shown = api(admin).get(STAGES, {"ordering": "display_order"}).json()["results"]
    assert [row["display_order"] for row in shown] == list(range(1, len(shown) + 1))


def _events() -> int:
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM domain_events")
        return int(cursor.fetchone()[0])


# Of the request's other statements, three find the caller and set the scope, two are the idempotency key's, two
# begin and end.
@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("patch", {"stage": "qualified", "title": "CTO"}, ["SELECT", "SELECT", "SELECT", "UPDATE", "WITH"]),
        ("patch", {"title": "CTO"}, ["SELECT", "UPDATE", "WITH"]),
        ("post", {"first_name": "Ana"}, ["SELECT", "SELECT", "SELECT", "INSERT", "WITH"]),
    ],
    ids=["stage and title", "title", "new"],
)
def test_a_write_of_a_lead_takes_few_statements(
    method: str, body: dict[str, str], expected: list[str], api: Any, member: User, lead: Lead
) -> None:
    client, where = api(member), f"{LEADS}{lead.pk}/" if method == "patch" else LEADS
    client.get(where)
    with CaptureQueriesContext(connection) as captured:
        response = getattr(client, method)(where, body, format="json", HTTP_IDEMPOTENCY_KEY="once")
    assert "ETag" in response.headers, response.content
    statements = [str(each["sql"]).strip() for each in captured]
    assert len(statements) <= len(expected) + 7, statements
    # One read, the choices' locks, the currency or the status that follows, one write, one insert of all events.
    own = [sql for sql in statements if not re.search("set_config|idempotency_keys|^(RELEASE )?SAVEPOINT", sql)]
    assert [sql.split()[0] for sql in own] == expected, own

"""The do-not-contact list: who is put on it, once however often, who is taken off, and what erasure leaves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import tenant_context
from leads.channels import Channel
from leads.contactability.decisions import Verdict
from leads.contactability.models import (
    ALL_CHANNELS,
    ConsentRecord,
    ContactDirection,
    ContactPolicy,
    LeadTouch,
    Purpose,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)
from leads.contactability.services import (
    NewSuppression,
    decide,
    forget_address,
    import_rows,
    lift,
    preview_import,
    read_rows,
    record_consent,
    rows_of_file,
    stop_companies,
    stop_company,
    suppress,
    suppress_many,
)
from leads.contactability.services.importing import MAX_ROWS
from leads.contacts.models import Lead, LeadSocial
from leads.contacts.services import Touch, record_contacts
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.contactability.conftest import NOON
from tests.support.concurrency import ConcurrentWork, run_together, wait_until_blocked
from tests.support.events import events, payloads

MANUAL = SuppressionReason.MANUAL
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def listed(**filters: Any) -> set[tuple[str, str]]:
    return set(Suppression.objects.filter(**filters).values_list("address", "channel"))


def verdict(lead: Lead, channel: Channel = Channel.EMAIL) -> Verdict:
    return decide(lead_ids=[lead.pk], channel=channel, purpose=Purpose.OUTREACH, at=NOON)[lead.pk].verdict


@pytest.fixture
def maya(make_lead: Callable[..., Lead]) -> Lead:
    return make_lead(
        email="maya@acme.example",
        phone="+971501112233",
        linkedin_url="https://www.linkedin.com/in/Maya",
        company_domain="acme.example",
    )


@pytest.mark.usefixtures("inside")
def test_a_lead_is_listed_with_all_addresses_of_the_channel(maya: Lead) -> None:
    writes.create(LeadSocial, {"lead": maya, "data": {"instagram": "maya.a"}})
    entry = suppress(lead=maya, channel=ALL_CHANNELS, reason=MANUAL)
    addresses = {"maya@acme.example", "+971501112233", "in/maya", "instagram/maya.a"}
    assert listed() == {(address, "all") for address in addresses}
    assert entry.address == "maya@acme.example"
    suppress(lead=maya, channel=Channel.SMS, reason=MANUAL)
    assert ("+971501112233", "sms") in listed()
    assert len(listed()) == 5


@pytest.mark.usefixtures("inside")
def test_the_same_is_listed_once_and_lasts_as_long_as_the_longest(maya: Lead) -> None:
    def again(**values: Any) -> Suppression:
        return suppress(address="Maya@acme.example", channel=Channel.EMAIL, **values)

    first = again(reason=SuppressionReason.COMPANY_REPLIED, expires_at=NOON + DAY)
    shorter = again(reason=MANUAL, expires_at=NOON + HOUR)
    assert (shorter.pk, shorter.expires_at, shorter.reason) == (first.pk, NOON + DAY, "company_replied")
    forever = again(reason=SuppressionReason.UNSUBSCRIBED, source="a link")
    assert (forever.pk, forever.expires_at, forever.reason, forever.source) == (
        first.pk,
        None,
        "unsubscribed",
        "a link",
    )
    assert again(reason=MANUAL).reason == "unsubscribed"
    assert again(reason=MANUAL, expires_at=NOON + DAY).expires_at is None
    assert [len(events(f"leads.suppression.{verb}")) for verb in ("created", "updated")] == [1, 1]


@pytest.mark.usefixtures("inside")
def test_others_hear_of_a_suppressed_lead_once(maya: Lead) -> None:
    suppress(lead=maya, channel=ALL_CHANNELS, reason=SuppressionReason.UNSUBSCRIBED)
    suppress(lead=maya, channel=ALL_CHANNELS, reason=SuppressionReason.UNSUBSCRIBED)
    assert payloads("leads.lead.suppressed") == [{"channel": "all", "scope": "address", "reason": "unsubscribed"}]


@pytest.mark.usefixtures("inside")
def test_many_are_listed_in_few_statements(
    make_lead: Callable[..., Lead], django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    leads = [make_lead() for _each in range(10)]
    wishes = [NewSuppression(Channel.EMAIL, SuppressionReason.BOUNCED, lead) for lead in leads]
    with django_assert_max_num_queries(6):
        entries = suppress_many(wishes)
    assert [entry.address for entry in entries] == [lead.email for lead in leads]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "address"),
        ({"address": "nobody"}, "address"),
        ({"address": "gmail.com"}, "address"),
        ({"address": "maya@gmail.com", "scope": SuppressionScope.DOMAIN}, "address"),
        ({"lead": {"company_domain": "", "email": "maya@gmail.com"}, "scope": SuppressionScope.DOMAIN}, "lead"),
    ],
)
@pytest.mark.usefixtures("inside")
def test_what_names_nobody_is_refused(make_lead: Callable[..., Lead], values: dict[str, Any], field: str) -> None:
    if "lead" in values:
        values = {**values, "lead": make_lead(**values["lead"])}
    with pytest.raises(Invalid) as refused:
        suppress(channel=ALL_CHANNELS, reason=MANUAL, **values)
    assert list(refused.value.errors) == [field]


@pytest.mark.usefixtures("inside")
def test_a_lifted_entry_keeps_the_reason_and_can_be_listed_anew(maya: Lead, member: User) -> None:
    entry = suppress(lead=maya, channel=Channel.EMAIL, reason=MANUAL)
    assert verdict(maya) == Verdict.REFUSE
    lift(suppression=entry, reason="Asked us to write again", actor=member)
    assert verdict(maya) == Verdict.ALLOW
    assert Suppression.all_objects.get(pk=entry.pk).evidence == {"lifted": "Asked us to write again"}
    lift(suppression=entry)
    assert suppress(lead=maya, channel=Channel.EMAIL, reason=MANUAL).pk != entry.pk


@pytest.mark.usefixtures("inside")
def test_a_company_is_stopped_for_some_days_and_never_all_who_use_a_provider(
    maya: Lead, make_lead: Callable[..., Lead]
) -> None:
    colleague = make_lead(company_domain="", email="bob@acme.example")
    private = make_lead(company_domain="", email="maya@gmail.com")
    other = make_lead(company_domain="gmail.com", email="eve@gmail.com")
    entry = stop_company(lead=maya, days=2, now=NOON)
    assert entry is not None
    assert (entry.address, entry.expires_at) == ("acme.example", NOON + 2 * DAY)
    assert [verdict(each) for each in (maya, colleague, private)] == [Verdict.DEFER, Verdict.DEFER, Verdict.ALLOW]
    assert stop_company(lead=private, days=2) is None
    assert stop_companies([private, other], days=2) == []
    assert verdict(other) == Verdict.ALLOW
    assert stop_company(lead=maya, days=0) is None


@pytest.mark.usefixtures("inside")
def test_erasure_keeps_the_hash_and_nothing_else(maya: Lead, make_lead: Callable[..., Lead]) -> None:
    suppress(lead=maya, channel=Channel.EMAIL, reason=SuppressionReason.UNSUBSCRIBED, source="Maya", evidence={"a": 1})
    suppress(lead=maya, channel=ALL_CHANNELS, scope=SuppressionScope.DOMAIN, reason=MANUAL, source="Maya")
    suppress(lead=maya, address="maya.old@acme.example", channel=Channel.EMAIL, reason=MANUAL)
    assert forget_address(lead=maya) == 5
    rows = Suppression.all_objects.values("address", "source", "evidence", "lead")
    kept = {(row["address"], row["source"], str(row["evidence"]), row["lead"]) for row in rows}
    assert kept == {("", "", "{}", None), ("acme.example", "", "{}", None)}
    lift(suppression=Suppression.objects.get(address="acme.example"))
    again = make_lead(email="Maya@acme.example", phone="", country_code="", base_number=None, company_domain="")
    assert verdict(again) == Verdict.REFUSE
    by_number = make_lead(email="new@elsewhere.example", phone="+971501112233", company_domain="")
    assert verdict(by_number) == Verdict.REFUSE


@pytest.mark.usefixtures("inside")
def test_an_address_is_found_under_an_older_key_and_not_listed_twice(maya: Lead, settings: Any) -> None:
    settings.ADDRESS_HASH_KEYS = ["first"]
    entry = suppress(lead=maya, channel=Channel.EMAIL, reason=MANUAL)
    settings.ADDRESS_HASH_KEYS = ["second", "first"]
    assert verdict(maya) == Verdict.REFUSE
    assert suppress(address=maya.email, channel=Channel.EMAIL, reason=MANUAL).pk == entry.pk
    assert preview_import(read_rows([(1, maya.email)], tenant_id=maya.tenant_id), channel="email").listed == 1


@pytest.mark.usefixtures("inside")
def test_a_consent_is_recorded_once(maya: Lead, member: User) -> None:
    values: dict[str, Any] = {"lead": maya, "channel": Channel.EMAIL, "source": "Form", "actor": member}
    given = record_consent(**values, given_at=NOON)
    assert record_consent(**values, given_at=NOON).pk == given.pk
    assert record_consent(**values).pk == given.pk
    withdrawn = record_consent(**values, status="withdrawn")
    assert withdrawn.pk != given.pk
    assert record_consent(**values).status == "given"
    assert ConsentRecord.objects.count() == 3
    assert verdict(maya) == Verdict.ALLOW


FILE = (
    "Email Address;Name\r\nMaya@acme.example;Maya\r\nmaya@ACME.example;again\r\n'+971 50 111 2233;a number\r\n"
    "acme.example;a company\r\nnobody;nothing\r\n;\r\nbob@acme.example;Bob\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.usefixtures("inside")
def test_a_file_is_previewed_and_imported_as_previewed(tenant: Tenant, encoding: str) -> None:
    suppress(address="bob@acme.example", channel=ALL_CHANNELS, reason=MANUAL)
    rows = read_rows(rows_of_file(FILE.encode(encoding)), tenant_id=tenant.pk)
    preview = preview_import(rows, channel=Channel.EMAIL)
    assert preview.understood == [("E-mail addresses", 3), ("Telephone numbers", 1), ("Companies", 1)]
    assert (preview.new, preview.listed, preview.repeated) == (3, 1, 1)
    assert [(row.number, row.text) for row in preview.problems] == [(6, "nobody")]
    result = import_rows(rows, channel=Channel.EMAIL, reason=SuppressionReason.IMPORTED)
    assert result.verdicts == ["added", "repeated", "added", "added", "invalid", "listed"]
    assert listed(channel="email") == {
        (each, "email") for each in ("maya@acme.example", "+971501112233", "acme.example")
    }
    assert payloads("leads.suppression.imported") == [{"count": 3, "channel": "email", "reason": "imported"}]
    assert set(import_rows(rows, channel=Channel.EMAIL, reason=MANUAL).verdicts) == {"listed", "repeated", "invalid"}


@pytest.mark.parametrize("content", [b"", b"\r\n;;\r\n", b"\x00\x01\x02", b"email\n", b"a\n" * (MAX_ROWS + 2)])
def test_a_file_without_addresses_or_with_too_many_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        rows_of_file(content)


@pytest.mark.django_db(transaction=True)
def test_two_who_list_the_same_address_get_the_same_entry(tenant: Tenant) -> None:
    def work() -> object:
        with tenant_context(tenant.pk):
            return suppress(address="maya@acme.example", channel=ALL_CHANNELS, reason=MANUAL).pk

    first, second = run_together(work, work)
    assert first == second


@pytest.mark.django_db(transaction=True)
def test_two_workers_cannot_pass_the_same_limit(tenant: Tenant, make_lead: Callable[..., Lead]) -> None:
    lead = make_lead()
    with tenant_context(tenant.pk):
        writes.create(ContactPolicy, {"max_per_day": 1})
    found: list[Verdict] = []

    def claim() -> None:
        with tenant_context(tenant.pk):
            asked: dict[str, Any] = {"channel": Channel.EMAIL, "purpose": Purpose.OUTREACH, "at": NOON, "lock": True}
            answer = decide(lead_ids=[lead.pk], **asked)[lead.pk].verdict
            found.append(answer)
            if answer == Verdict.ALLOW:
                record_contacts([Touch(lead.pk, "email", ContactDirection.OUTBOUND, NOON, lead.pk)])
                if not second:
                    second.append(ConcurrentWork(claim))
                    wait_until_blocked()

    second: list[ConcurrentWork] = []
    claim()
    assert second[0].succeeded()
    assert found == [Verdict.ALLOW, Verdict.DEFER]
    with tenant_context(tenant.pk):
        assert LeadTouch.objects.count() == 1
    connection.close()

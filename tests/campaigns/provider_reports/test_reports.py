"""The address at which the gateway reports: who is believed, what is stored, and what a repetition changes."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import AccountStatus
from campaigns.messages.models import Action, Message, MessageKind
from campaigns.network_contacts.services import keep
from campaigns.provider_reports import services, worker
from campaigns.provider_reports.models import ProviderReport, ReportState
from campaigns.provider_reports.services import NewReport
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.factories.campaigns import LinkedinAccountFactory, ProviderReportFactory
from tests.support.database import stored
from tests.support.events import events
from tests.support.gateway import SECRET, Gateway, post


def stored_reports(**lookup: Any) -> list[ProviderReport]:
    with platform_context():
        return list(ProviderReport.objects.filter(**lookup).order_by("created_at", "pk"))


def body_of(account: str, message: str = "m-1", **values: Any) -> bytes:
    sender = {"attendee_provider_id": "ACoAAsomebody", "attendee_name": "Ada", "attendee_profile_url": ""}
    told = {
        "event": "message_received",
        "account_id": account,
        "account_info": {"user_id": "ACoAAowner"},
        "chat_id": "c-1",
        "message_id": message,
        "message": "Yes, gladly.",
        "timestamp": "2026-11-29T08:00:00.000Z",
        "sender": sender,
        "attendees": [sender],
    }
    return json.dumps({**told, **values}).encode()


@pytest.mark.parametrize("given", [None, "", "wrong", SECRET + "x", SECRET[:-1]])
def test_nobody_is_believed_without_the_secret(gateway: Gateway, given: str | None) -> None:
    gateway.linkedin()
    answer = post(body_of("maya"), {} if given is None else {"unipile-auth": given})
    assert answer.status_code == 401
    assert stored_reports() == []


def test_without_a_secret_of_its_own_lad_believes_nobody(gateway: Gateway, settings: Any) -> None:
    gateway.linkedin()
    settings.UNIPILE_WEBHOOK_SECRET = ""
    assert post(body_of("maya"), {"unipile-auth": ""}).status_code == 401
    assert post(body_of("maya"), {}).status_code == 401
    assert stored_reports() == []


def test_guesses_are_throttled_and_the_gateway_itself_is_not(gateway: Gateway, settings: Any) -> None:
    gateway.linkedin()
    seen = {post(body_of("maya"), {"unipile-auth": f"guess {number}"}).status_code for number in range(80)}
    assert seen == {401, 429}
    answers = [post(body_of("maya", f"m-{number}")).status_code for number in range(5)]
    assert answers == [200] * 5


def test_a_report_that_comes_again_is_stored_once_and_changes_nothing(gateway: Gateway) -> None:
    account = gateway.linkedin()
    gateway.connect(account, "answers.1")
    gateway.do(account, gateway.lead("answers.1"), Action.MESSAGE, "Hello")
    gateway.sandbox.advance(days=1)
    reports = gateway.new_reports()
    assert any(json.loads(each.body).get("event") == "message_received" for each in reports)
    gateway.deliver(reports)
    before = [message.pk for message in gateway.messages()]
    replies = gateway.messages(kind=MessageKind.REPLY)
    assert len(replies) == 1
    answers = gateway.deliver([*reversed(reports), *reports])
    assert {answer.json()["new"] for answer in answers} == {0}
    assert [message.pk for message in gateway.messages()] == before


def test_what_is_about_an_unknown_account_is_answered_and_forgotten(gateway: Gateway) -> None:
    answer = post(body_of("nobody's"))
    assert (answer.status_code, answer.json()) == (200, {"new": 0})
    assert stored_reports() == []


def test_a_report_reaches_the_tenant_of_its_account_only(gateway: Gateway, other_tenant: Tenant) -> None:
    gateway.linkedin("ours")
    theirs = gateway.linkedin("theirs", tenant=other_tenant)
    lead = gateway.lead("somebody")
    with platform_context(tenant_id=gateway.tenant.pk):
        keep(gateway.linkedin("third"), lead.pk, provider_id="ACoAAsomebody", chat_id="c-1")
    post(body_of("theirs"))
    worker.run_due()
    [report] = stored_reports()
    assert (report.tenant_id, report.account_id) == (other_tenant.pk, theirs.pk)
    assert gateway.messages() == []
    with platform_context(tenant_id=other_tenant.pk):
        [message] = Message.objects.all()
    # Our lead has the same id at the gateway, and stays ours.
    assert (message.tenant_id, message.lead_id) == (other_tenant.pk, None)


@pytest.mark.parametrize(
    "group",
    [
        {"attendees": [{"attendee_provider_id": each} for each in ("ACoAAsomebody", "ACoAAanother")]},
        {"provider_chat_id": "120363@g.us"},
    ],
)
def test_a_message_in_a_group_is_nobodys_answer(gateway: Gateway, group: dict[str, Any]) -> None:
    account = gateway.linkedin()
    with platform_context(tenant_id=gateway.tenant.pk):
        keep(account, gateway.lead("somebody").pk, provider_id="ACoAAsomebody")
    assert post(body_of("maya", **group)).json() == {"new": 1}
    worker.run_due()
    assert gateway.messages() == []


def test_an_account_that_two_tenants_claim_is_the_first_ones(gateway: Gateway, other_tenant: Tenant) -> None:
    first = gateway.linkedin("maya")
    with platform_context(tenant_id=other_tenant.pk):
        LinkedinAccountFactory.create(unipile_account_id="maya")
    post(body_of("maya"))
    assert [report.account_id for report in stored_reports()] == [first.pk]


def test_reports_that_are_too_long_or_no_reports_are_refused(gateway: Gateway) -> None:
    gateway.linkedin()
    assert post(body_of("maya", message="x" * 1_100_000)).status_code == 413
    assert post(b"[1, 2]").status_code == 400
    assert post(b"not json").status_code == 400
    assert post(b'{"event": "something_new", "account_id": "maya"}').json() == {"new": 0}
    assert stored_reports() == []


def test_what_was_worked_on_is_forgotten_and_old_reports_go(gateway: Gateway) -> None:
    gateway.linkedin()
    post(body_of("maya"))
    [report] = stored_reports()
    assert report.content["text"] == "Yes, gladly."
    assert worker.run_due() == 1
    [report] = stored_reports()
    assert (report.state, report.content) == (ReportState.DONE, {})
    assert services.purge(now=timezone.now() + timedelta(days=29)) == 0
    assert services.purge(now=timezone.now() + timedelta(days=31)) == 1
    assert stored_reports() == []


def test_a_report_that_cannot_be_worked_on_holds_up_no_other(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    account = gateway.linkedin()
    worked: list[str] = []

    def process(_account: Any, reports: Any) -> None:
        if any(report.key == "poison" for report in reports):
            raise ValueError("poison")
        worked.extend(report.key for report in reports)

    monkeypatch.setitem(services._processors, "unipile", process)
    at = timezone.now()
    keys = ["a", "poison", "b", "c"]
    services.take_in(
        account, [NewReport("message_read", key, {}, at + timedelta(seconds=n)) for n, key in enumerate(keys)]
    )
    worker.run_due()
    assert worked == ["a", "b", "c"]
    [failed] = stored_reports(key="poison")
    assert (failed.state, failed.attempts) == (ReportState.WAITING, 1)
    assert failed.next_attempt_at is not None and failed.next_attempt_at > timezone.now()


def test_reports_are_worked_on_oldest_first_whatever_order_they_came_in(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = gateway.linkedin()
    worked: list[str] = []
    monkeypatch.setitem(
        services._processors, "unipile", lambda _account, reports: worked.extend(each.key for each in reports)
    )
    at = timezone.now()
    for key, seconds in (("third", 30), ("first", 10), ("second", 20)):
        services.take_in(account, [NewReport("message_read", key, {}, at + timedelta(seconds=seconds))])
    worker.run_due()
    assert worked == ["first", "second", "third"]


def test_reports_of_an_account_that_is_gone_are_forgotten(gateway: Gateway) -> None:
    with platform_context(tenant_id=gateway.tenant.pk):
        report = ProviderReportFactory.create(content={"text": "Hello"}, next_attempt_at=timezone.now())
    assert worker.run_due() == 1
    assert (stored(report).state, stored(report).content) == (ReportState.DONE, {})


STATES = [
    ("CREDENTIALS", AccountStatus.EXPIRED),
    ("ERROR", AccountStatus.ERROR),
    ("STOPPED", AccountStatus.DISCONNECTED),
    ("CONNECTING", AccountStatus.PENDING),
]


@pytest.mark.parametrize(("state", "status"), STATES)
def test_the_state_of_an_account_is_kept_with_its_reason_and_one_event(
    gateway: Gateway, state: str, status: AccountStatus
) -> None:
    account = gateway.linkedin()
    gateway.sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": state})
    reports = gateway.new_reports()
    gateway.deliver(reports)
    gateway.deliver(reports)
    row = stored(account)
    assert (row.status, bool(row.status_reason)) == (status, True)
    assert len(events("campaigns.linkedin_account.status_changed")) == 1
    gateway.sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "OK"})
    gateway.deliver()
    row = stored(account)
    assert (row.status, row.status_reason, row.next_poll_at) == (AccountStatus.ACTIVE, "", None)


def test_an_old_report_of_trouble_does_not_stop_an_account_that_is_well_again(gateway: Gateway) -> None:
    account = gateway.linkedin()
    gateway.sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "CREDENTIALS"})
    gateway.sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "OK"})
    trouble, fine = gateway.new_reports()
    gateway.deliver([fine])
    gateway.deliver([trouble])
    assert stored(account).status == AccountStatus.ACTIVE


def test_an_account_that_the_gateway_forgot_is_disconnected(gateway: Gateway) -> None:
    account = gateway.linkedin()
    gateway.sandbox.call("DELETE", "/unipile/api/v1/accounts/maya", headers={"X-API-KEY": "sandbox"})
    gateway.deliver()
    assert stored(account).status == AccountStatus.DISCONNECTED

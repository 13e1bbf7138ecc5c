"""Twilio reports to an address for each account. Only what is signed, and about the account, is taken in, once."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings as configured
from django.test import Client

from campaigns.accounts.models import ChannelAccount
from campaigns.channels.reported import ADDRESSES
from campaigns.channels.sending import worker
from campaigns.channels.sending.account_kinds import CHANNEL
from campaigns.enrolment.models import EnrolmentStatus
from campaigns.messages.models import Message, MessageEvent, MessageKind, MessageState
from campaigns.provider_reports import worker as reports_worker
from campaigns.provider_reports.models import ProviderReport
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ConsentRecord, Suppression
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.campaigns.channels.texting import ACCOUNT_SID, AUTH_TOKEN, PERSON, SMS_NUMBER, Reports, post, write
from tests.factories.campaigns import CampaignLeadFactory, ChannelAccountFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db
Queue = Callable[..., Message]


def tell(account: ChannelAccount, *, token: str = AUTH_TOKEN, query: str = "", **values: str) -> int:
    """Report something to an account's address, signed, and return LAD's answer."""
    path = f"/api/v1/provider-reports/twilio/{ADDRESSES['twilio'].make_token(account.pk)}/{query}"
    form = {"AccountSid": ACCOUNT_SID, "From": PERSON, "To": SMS_NUMBER, "MessageSid": "SM1", **values}
    signed = f"{configured.PUBLIC_URL}{path}" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    answer = Client().post(
        path,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
    reports_worker.run_due()
    return answer.status_code


def received(account: ChannelAccount) -> list[Message]:
    with tenant_context(account.tenant_id):
        return list(Message.objects.filter(direction="inbound").order_by("occurred_at", "provider_id"))


def entries(account: ChannelAccount) -> list[Suppression]:
    with tenant_context(account.tenant_id):
        return list(Suppression.objects.all())


def count_reports() -> int:
    with platform_context():
        return int(ProviderReport.objects.count())


def test_an_answer_is_recorded_once(sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports) -> None:
    write(sandbox, twilio, "Yes, call me on Monday")
    [report] = reported.take()
    assert reported.deliver([report, report, report]) == [204, 204, 204]
    [found] = received(twilio)
    assert (found.body, found.kind, found.lead_id) == ("Yes, call me on Monday", MessageKind.REPLY, person.pk)
    assert entries(twilio) == []


@pytest.mark.parametrize("order", [1, -1])
def test_what_became_of_a_message_is_recorded_in_any_order_once(
    order: int, sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports, queue: Queue
) -> None:
    sent = queue(twilio, person)
    worker.send_due(CHANNEL)
    found = reported.take(minutes=1)
    assert len(found) == 2
    for report in found[::order]:
        assert reported.deliver([report, report]) == [204, 204]
    with tenant_context(twilio.tenant_id):
        assert list(MessageEvent.objects.filter(message=sent.pk).values_list("kind", flat=True)) == ["delivered"]


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"body": b"Body=Other&MessageSid=SM1"}, 401),
        ({"signature": "AAAA"}, 401),
        ({"signature": ""}, 401),
        ({"path": "/api/v1/provider-reports/twilio/guess/"}, 404),
    ],
)
def test_what_twilio_did_not_sign_changes_nothing(
    changed: dict[str, Any], answer: int, sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports
) -> None:
    write(sandbox, twilio, "Yes")
    [report] = reported.take()
    assert post(report, **changed) == answer
    assert count_reports() == 0
    assert post(report) == 204
    assert count_reports() == 1


def test_the_previous_token_passes_while_it_is_replaced(twilio: ChannelAccount, person: Lead) -> None:
    with platform_context():
        ChannelAccount.all_objects.update(secret="sandbox-next", webhook_secret=f" {AUTH_TOKEN} ,")
    assert tell(twilio, Body="Hello") == 204
    assert tell(twilio, Body="Hello", token="sandbox-next", MessageSid="SM2") == 204
    assert tell(twilio, Body="Hello", token="", MessageSid="SM3") == 401
    assert len(received(twilio)) == 2


def test_a_report_about_another_account_or_number_is_ignored(
    twilio: ChannelAccount, other_tenant: Tenant, person: Lead
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        foreign = ChannelAccountFactory.create(
            channel="sms",
            provider="twilio",
            provider_account_id=SMS_NUMBER,
            provider_parent_id=ACCOUNT_SID,
            address=SMS_NUMBER,
            secret="their-own-token",
        )
    assert tell(twilio, Body="Hello", AccountSid="AC9") == 204
    assert tell(twilio, Body="Hello", To="+12025550199") == 204
    assert tell(foreign, Body="Hello") == 401
    assert (count_reports(), received(twilio), received(foreign)) == (0, [], [])
    assert tell(twilio, Body="Hello") == 204
    assert len(received(twilio)) == 1


def test_stop_lists_the_person_at_once_stops_campaigns_and_is_no_reply(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports
) -> None:
    with platform_context(tenant_id=twilio.tenant_id):
        enrolment = CampaignLeadFactory.create(lead=person, status=EnrolmentStatus.ACTIVE)
    write(sandbox, twilio, "STOP")
    reported.deliver()
    [found] = received(twilio)
    [entry] = entries(twilio)
    assert found.kind == MessageKind.UNSUBSCRIBE
    assert (entry.channel, entry.address, entry.lead_id, entry.source) == ("sms", PERSON, person.pk, "SMS answer STOP")
    ended = stored(enrolment)
    assert (ended.status, ended.reason) == (EnrolmentStatus.STOPPED, "unsubscribed")
    write(sandbox, twilio, "START")
    reported.deliver()
    assert entries(twilio) == []
    with tenant_context(twilio.tenant_id):
        statuses = list(ConsentRecord.objects.order_by("given_at").values_list("status", flat=True))
    assert statuses == ["withdrawn", "given"]


def test_twilios_word_counts_whatever_the_text(twilio: ChannelAccount, person: Lead) -> None:
    tell(twilio, Body="Please leave me alone, I do not want this", OptOutType="STOP")
    assert [each.kind for each in received(twilio)] == [MessageKind.UNSUBSCRIBE]
    assert [each.address for each in entries(twilio)] == [PERSON]


def test_somebody_who_is_no_lead_is_listed_too(twilio: ChannelAccount) -> None:
    tell(twilio, Body="stop", From="+12025550188")
    [entry] = entries(twilio)
    assert (entry.address, entry.lead_id) == ("+12025550188", None)


def test_stop_to_an_account_that_was_deleted_counts(twilio: ChannelAccount, person: Lead) -> None:
    with platform_context(tenant_id=twilio.tenant_id):
        twilio.delete()
    assert tell(twilio, Body="STOP") == 204
    assert [(each.address, each.lead_id) for each in entries(twilio)] == [(PERSON, person.pk)]


def test_yes_of_somebody_who_never_left_is_an_answer(twilio: ChannelAccount, person: Lead) -> None:
    tell(twilio, Body="Yes")
    assert [each.kind for each in received(twilio)] == [MessageKind.REPLY]
    with tenant_context(twilio.tenant_id):
        assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize(("code", "listed"), [("30005", ["bounced"]), ("30003", []), ("21610", ["unsubscribed"])])
def test_a_failure_lists_whom_it_says_something_about(
    code: str, listed: list[str], twilio: ChannelAccount, person: Lead, tenant: Tenant, queue: Queue
) -> None:
    sent = queue(twilio, person)
    with platform_context(tenant_id=tenant.pk):
        Message.objects.filter(pk=sent.pk).update(state=MessageState.SENT, provider_id="SM9")
    status = {"MessageStatus": "undelivered", "MessageSid": "SM9", "From": SMS_NUMBER, "To": PERSON}
    tell(twilio, **status, ErrorCode=code)
    with tenant_context(tenant.pk):
        assert [each.kind for each in MessageEvent.objects.filter(message=sent.pk)] == ["bounced"]
    assert [each.reason for each in entries(twilio)] == listed


def test_pictures_are_kept_as_references_with_a_word(twilio: ChannelAccount, person: Lead) -> None:
    media = {"NumMedia": "2", "MediaUrl0": "https://api.twilio.com/m/1", "MediaContentType0": "image/jpeg"}
    tell(twilio, Body="Our kitchen", **media, MediaUrl1="https://api.twilio.com/m/2", MediaContentType1="text/vcard")
    [found] = received(twilio)
    assert found.body == "Picture, File: Our kitchen"
    assert [each["address"] for each in found.metadata["media"]] == [
        "https://api.twilio.com/m/1",
        "https://api.twilio.com/m/2",
    ]


def test_the_message_named_in_the_address_must_be_the_accounts_own(
    twilio: ChannelAccount, person: Lead, tenant: Tenant, queue: Queue
) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = ChannelAccountFactory.create(channel="sms", provider="twilio")
    theirs = queue(other, person)
    status = {"MessageStatus": "sent", "MessageSid": "SM9", "From": SMS_NUMBER, "To": PERSON}
    assert tell(twilio, query=f"?message={theirs.pk}", **status) == 204
    assert stored(theirs).provider_id == ""
    mine = queue(twilio, person)
    assert tell(twilio, query=f"?message={mine.pk}", **{**status, "MessageSid": "SM8"}) == 204
    assert stored(mine).provider_id == "SM8"

"""WhatsApp reports to an address for each account. Only what is signed, and about the account, is taken in, once."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount, TemplateStatus, WhatsappTemplate
from campaigns.channels.reported import ADDRESSES, report_address
from campaigns.channels.sending import worker
from campaigns.channels.sending.account_kinds import CHANNEL
from campaigns.channels.whatsapp.connecting import verify_token
from campaigns.messages.models import Message, MessageEvent, MessageKind, MessageState
from campaigns.network_contacts.services import contacts_of, keep
from campaigns.provider_reports import worker as reports_worker
from campaigns.provider_reports.models import ProviderReport
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Suppression
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.campaigns.channels.texting import (
    APP_SECRET,
    AUTH_TOKEN,
    BUSINESS_ID,
    NUMBER_ID,
    PERSON,
    WHATSAPP_NUMBER,
    Reports,
    post,
    write,
)
from tests.factories.campaigns import ChannelAccountFactory, WhatsappTemplateFactory
from tests.factories.leads import LeadFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db
Queue = Callable[..., Message]


def path_of(account: ChannelAccount) -> str:
    return f"/api/v1/provider-reports/whatsapp/{ADDRESSES['whatsapp_cloud'].make_token(account.pk)}/"


def tell(
    account: ChannelAccount,
    field: str,
    value: dict[str, Any],
    *,
    secret: str = APP_SECRET,
    business: str = BUSINESS_ID,
    at: int | None = None,
    path: str = "",
) -> int:
    """Report something to an account's address, signed, and return LAD's answer."""
    time = at if at is not None else int(timezone.now().timestamp())
    entry = {"id": business, "time": time, "changes": [{"field": field, "value": value}]}
    body = orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature}
    answer = Client().post(path or path_of(account), body, content_type="application/json", headers=headers)
    reports_worker.run_due()
    return answer.status_code


def of_number(number: str = NUMBER_ID, **values: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, **values}


def message(id: str = "wamid.1", *, person: str = PERSON, at: Any = None, **content: Any) -> dict[str, Any]:
    moment = int((at or timezone.now()).timestamp())
    given = content or {"type": "text", "text": {"body": "Hello"}}
    contacts = [{"wa_id": person[1:], "profile": {"name": "Maya"}}]
    return of_number(contacts=contacts, messages=[{"id": id, "from": person[1:], "timestamp": str(moment), **given}])


def received(account: ChannelAccount) -> list[Message]:
    with tenant_context(account.tenant_id):
        return list(Message.objects.filter(direction="inbound").order_by("occurred_at", "provider_id"))


def count_reports() -> int:
    with platform_context():
        return int(ProviderReport.objects.count())


# The address


def test_the_address_is_verified_with_the_accounts_word(whatsapp: ChannelAccount) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": verify_token(whatsapp), "hub.challenge": "815"}
    answer = Client().get(path_of(whatsapp), asked)
    assert (answer.status_code, answer.content) == (200, b"815")
    assert answer["Content-Type"] == "text/plain"
    for wrong in ({"hub.verify_token": "guess"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}):
        assert Client().get(path_of(whatsapp), {**asked, **wrong}).status_code == 401


def test_the_word_of_one_account_is_not_that_of_another(whatsapp: ChannelAccount, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        other = ChannelAccountFactory.create(provider="whatsapp_cloud", webhook_secret=APP_SECRET)
    asked = {"hub.mode": "subscribe", "hub.verify_token": verify_token(whatsapp), "hub.challenge": "815"}
    assert Client().get(path_of(other), asked).status_code == 401


def test_the_sandbox_verifies_the_address_as_meta_does(whatsapp: ChannelAccount) -> None:
    assert report_address(whatsapp).endswith(path_of(whatsapp))


@pytest.mark.parametrize("token", ["guess", "A" * 54, ""])
def test_an_address_that_nobody_has_is_unknown(token: str, whatsapp: ChannelAccount) -> None:
    assert tell(whatsapp, "messages", message(), path=f"/api/v1/provider-reports/whatsapp/{token}/") == 404


def test_the_address_of_a_twilio_account_is_none_of_whatsapps(whatsapp: ChannelAccount) -> None:
    token = ADDRESSES["twilio"].make_token(whatsapp.pk)
    assert tell(whatsapp, "messages", message(), path=f"/api/v1/provider-reports/whatsapp/{token}/") == 404


@pytest.mark.parametrize("secret", ["another-app", ""])
def test_a_report_with_a_wrong_signature_is_refused_and_changes_nothing(
    secret: str, whatsapp: ChannelAccount, person: Lead
) -> None:
    assert tell(whatsapp, "messages", message(), secret=secret) == 401
    assert (count_reports(), received(whatsapp)) == (0, [])


def test_a_report_whose_body_was_changed_is_refused(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, reported: Reports
) -> None:
    write(sandbox, whatsapp, "Yes, gladly")
    [report] = reported.take()
    assert post(report, body=report.body.replace(b"gladly", b"never!")) == 401
    assert post(report, signature="") == 401
    assert count_reports() == 0
    assert post(report) == 200
    assert count_reports() == 1


def test_an_account_without_the_apps_secret_takes_nothing(whatsapp: ChannelAccount) -> None:
    with platform_context():
        ChannelAccount.all_objects.update(webhook_secret="")
    assert tell(whatsapp, "messages", message(), secret="") == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"not json", b'{"object": "page", "entry": []}', b'{"object":"whatsapp_business_account"}'],
)
def test_a_signed_delivery_of_another_shape_is_answered_and_forgotten(body: bytes, whatsapp: ChannelAccount) -> None:
    signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature}
    answer = Client().post(path_of(whatsapp), body, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    assert count_reports() == 0


# Whom it is about


def test_a_report_about_another_number_or_business_is_ignored(
    whatsapp: ChannelAccount, other_tenant: Tenant, person: Lead
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        # Somebody else has entered the same ids, and knows no secret.
        foreign = ChannelAccountFactory.create(
            provider="whatsapp_cloud",
            provider_account_id=NUMBER_ID,
            provider_parent_id=BUSINESS_ID,
            webhook_secret="their-own-secret",
        )
        LeadFactory.create(phone=PERSON)
    assert tell(whatsapp, "messages", {**message(), "metadata": {"phone_number_id": "999"}}) == 200
    assert tell(whatsapp, "messages", message(), business="999") == 200
    assert (count_reports(), received(whatsapp)) == (0, [])
    assert tell(foreign, "messages", message()) == 401
    assert tell(whatsapp, "messages", message()) == 200
    assert len(received(whatsapp)) == 1
    assert received(foreign) == []


def test_one_address_serves_the_other_numbers_of_the_business(
    whatsapp: ChannelAccount, tenant: Tenant, person: Lead
) -> None:
    with platform_context(tenant_id=tenant.pk):
        second = ChannelAccountFactory.create(
            provider="whatsapp_cloud", provider_account_id="77", provider_parent_id=BUSINESS_ID
        )
    assert tell(whatsapp, "messages", {**message(), "metadata": {"phone_number_id": "77"}}) == 200
    [found] = received(whatsapp)
    assert found.channel_account_id == second.pk


# Messages and statuses


def test_an_answer_is_recorded_once_and_opens_the_window(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, reported: Reports, queue: Queue
) -> None:
    write(sandbox, whatsapp, "Yes, gladly")
    [report] = reported.take()
    assert reported.deliver([report, report, report]) == [200, 200, 200]
    [found] = received(whatsapp)
    assert (found.body, found.kind, found.lead_id) == ("Yes, gladly", MessageKind.REPLY, person.pk)
    assert found.provider_id.startswith("wamid.")
    with tenant_context(whatsapp.tenant_id):
        assert contacts_of(whatsapp, [person.pk])[person.pk].last_inbound_at is not None
    sent = queue(whatsapp, person, body="Thank you")
    worker.send_due(CHANNEL)
    assert stored(sent).state == MessageState.SENT


@pytest.mark.parametrize("order", [1, -1])
def test_what_became_of_a_message_is_recorded_in_any_order_once(
    order: int, sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, reported: Reports, queue: Queue
) -> None:
    write(sandbox, whatsapp, "Hello?")
    reported.deliver()
    sent = queue(whatsapp, person)
    worker.send_due(CHANNEL)
    found = reported.take(hours=1)
    assert len(found) == 3
    for report in found[::order]:
        assert reported.deliver([report, report]) == [200, 200]
    with tenant_context(whatsapp.tenant_id):
        kinds = sorted(MessageEvent.objects.filter(message=sent.pk).values_list("kind", flat=True))
    assert kinds == ["delivered", "opened"]
    assert stored(sent).opened_at is not None


def test_somebody_who_is_not_on_whatsapp_is_not_written_to_again(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, reported: Reports, queue: Queue
) -> None:
    with tenant_context(whatsapp.tenant_id):
        keep(whatsapp, person.pk, provider_id=PERSON[1:], last_inbound_at=timezone.now())
    sandbox.call("POST", "/networks/people", json={"identifier": PERSON, "behaviour": "wrong_number"})
    sent = queue(whatsapp, person)
    worker.send_due(CHANNEL)
    reported.deliver()
    with tenant_context(whatsapp.tenant_id):
        [event] = MessageEvent.objects.filter(message=sent.pk)
        [entry] = Suppression.objects.all()
    assert (event.kind, event.detail["severity"], event.detail["code"]) == ("bounced", "hard", 131026)
    assert (entry.channel, entry.address, entry.source) == ("whatsapp", PERSON, "WhatsApp: 131026")


def test_a_failure_that_says_nothing_about_the_number_lists_nobody(
    whatsapp: ChannelAccount, person: Lead, tenant: Tenant, queue: Queue
) -> None:
    sent = queue(whatsapp, person)
    with platform_context(tenant_id=tenant.pk):
        Message.objects.filter(pk=sent.pk).update(state=MessageState.SENT, provider_id="wamid.9")
    status = {"id": "wamid.9", "status": "failed", "timestamp": "1767225600", "errors": [{"code": 131049}]}
    tell(whatsapp, "messages", of_number(statuses=[status]))
    with tenant_context(whatsapp.tenant_id):
        [event] = MessageEvent.objects.filter(message=sent.pk)
        assert event.detail["severity"] == "block"
        assert "enough marketing messages" in event.detail["sentence"]
        assert not Suppression.objects.exists()


def test_a_report_cannot_give_another_accounts_message_an_id(
    whatsapp: ChannelAccount, person: Lead, tenant: Tenant, queue: Queue
) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = ChannelAccountFactory.create(provider="whatsapp_cloud", secret=AUTH_TOKEN)
    theirs = queue(other, person)
    status = {"id": "wamid.9", "status": "sent", "timestamp": "1767225600", "biz_opaque_callback_data": str(theirs.pk)}
    tell(whatsapp, "messages", of_number(statuses=[status]))
    assert stored(theirs).provider_id == ""


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ({"type": "image", "image": {"id": "m1", "mime_type": "image/jpeg"}}, "Picture"),
        ({"type": "image", "image": {"id": "m1", "caption": "The kitchen"}}, "Picture: The kitchen"),
        ({"type": "audio", "audio": {"id": "m1", "voice": True}}, "Voice message"),
        ({"type": "document", "document": {"id": "m1", "filename": "offer.pdf"}}, "File: offer.pdf"),
        ({"type": "button", "button": {"text": "Yes, call me"}}, "Yes, call me"),
        (
            {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"title": "Tomorrow"}}},
            "Tomorrow",
        ),
        ({"type": "location", "location": {"latitude": 1.5, "longitude": 2}}, "Location: 1.5, 2"),
        ({"type": "reaction", "reaction": {"emoji": "👍", "message_id": "x"}}, "Reacted with 👍"),
        ({"type": "unsupported"}, "A message of a kind that WhatsApp does not pass on. See it in the app."),
    ],
)
def test_everything_that_people_send_has_words(
    content: dict[str, Any], body: str, whatsapp: ChannelAccount, person: Lead
) -> None:
    tell(whatsapp, "messages", message(**content))
    [found] = received(whatsapp)
    assert found.body == body
    if content["type"] in ("image", "audio", "document"):
        assert found.metadata["media"][0]["id"] == "m1"


# Opting out


def test_stop_lists_the_person_at_once_and_is_no_reply(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, reported: Reports
) -> None:
    write(sandbox, whatsapp, "Stop.")
    reported.deliver()
    [found] = received(whatsapp)
    assert found.kind == MessageKind.UNSUBSCRIBE
    with tenant_context(whatsapp.tenant_id):
        [entry] = Suppression.objects.all()
    assert (entry.channel, entry.address, entry.lead_id) == ("whatsapp", PERSON, person.pk)
    assert entry.source == "WhatsApp answer Stop."


def test_a_stop_that_comes_after_a_later_start_changes_nothing(whatsapp: ChannelAccount, person: Lead) -> None:
    now = timezone.now()
    for id, text, at in (("w.1", "STOP", 30), ("w.3", "START", 10), ("w.2", "stop", 20)):
        said = message(id, at=now - timedelta(minutes=at), type="text", text={"body": text})
        tell(whatsapp, "messages", said)
    with tenant_context(whatsapp.tenant_id):
        assert not Suppression.objects.exists()
        assert Suppression.all_objects.filter(deleted_at__isnull=False).count() == 1


def test_a_start_that_comes_after_a_later_stop_changes_nothing(whatsapp: ChannelAccount, person: Lead) -> None:
    now = timezone.now()
    for id, text, at in (("w.1", "STOP", 30), ("w.3", "STOP", 10), ("w.2", "START", 20)):
        said = message(id, at=now - timedelta(minutes=at), type="text", text={"body": text})
        tell(whatsapp, "messages", said)
    with tenant_context(whatsapp.tenant_id):
        assert [each.address for each in Suppression.objects.all()] == [PERSON]


def test_a_message_that_failed_because_the_person_stopped_marketing_lists_them(
    whatsapp: ChannelAccount, person: Lead
) -> None:
    status = {"id": "wamid.9", "status": "failed", "timestamp": "1767225600", "recipient_id": PERSON[1:]}
    tell(whatsapp, "messages", of_number(statuses=[{**status, "errors": [{"code": 131050}]}]))
    with tenant_context(whatsapp.tenant_id):
        assert [(each.address, each.reason) for each in Suppression.objects.all()] == [(PERSON, "unsubscribed")]


def test_what_somebody_chooses_in_whatsapp_counts(whatsapp: ChannelAccount, person: Lead) -> None:
    wish = {"wa_id": PERSON[1:], "category": "marketing_messages", "value": "stop", "timestamp": "1767225600"}
    tell(whatsapp, "user_preferences", of_number(user_preferences=[wish]))
    with tenant_context(whatsapp.tenant_id):
        assert [each.address for each in Suppression.objects.all()] == [PERSON]
    tell(
        whatsapp,
        "user_preferences",
        of_number(user_preferences=[{**wish, "value": "resume", "timestamp": "1767225700"}]),
    )
    with tenant_context(whatsapp.tenant_id):
        assert not Suppression.objects.exists()


# The account and its templates


@pytest.mark.parametrize(
    ("event", "status"), [("PAUSED", TemplateStatus.PAUSED), ("REJECTED", TemplateStatus.REJECTED)]
)
def test_a_template_that_whatsapp_judges_anew_is_kept(
    event: str, status: TemplateStatus, whatsapp: ChannelAccount
) -> None:
    with platform_context(tenant_id=whatsapp.tenant_id):
        row = WhatsappTemplateFactory.create(channel_account=whatsapp, name="introduction", language="en")
    value = {
        "event": event,
        "message_template_name": "introduction",
        "message_template_language": "en",
        "reason": "ABUSIVE_CONTENT",
    }
    tell(whatsapp, "message_template_status_update", value)
    found: WhatsappTemplate = stored(row)
    assert (found.status, found.status_reason) == (status, "Abusive content")


def test_the_limit_of_new_conversations_is_learned_and_an_old_report_changes_nothing(whatsapp: ChannelAccount) -> None:
    shown = WHATSAPP_NUMBER[1:]
    now = int(timezone.now().timestamp())
    upgrade = {"display_phone_number": shown, "event": "UPGRADE", "current_limit": "TIER_10K"}
    flagged = {"display_phone_number": shown, "event": "FLAGGED", "current_limit": "TIER_250"}
    tell(whatsapp, "phone_number_quality_update", upgrade, at=now)
    tell(whatsapp, "phone_number_quality_update", flagged, at=now - 60)
    account = stored(whatsapp)
    assert account.learned_limits["message"]["day"] == 10_000
    assert account.health["warning"] == ""
    tell(whatsapp, "phone_number_quality_update", flagged, at=now + 1)
    account = stored(whatsapp)
    assert account.learned_limits["message"]["day"] == 250
    assert "block or report" in account.health["warning"]


def test_an_account_that_whatsapp_locks_stops_and_goes_on(whatsapp: ChannelAccount) -> None:
    now = int(timezone.now().timestamp())
    tell(whatsapp, "account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, at=now)
    account = stored(whatsapp)
    assert account.status == AccountStatus.ERROR
    assert "WhatsApp Manager" in account.status_reason


def test_an_expired_token_is_not_made_good_by_a_review(whatsapp: ChannelAccount) -> None:
    with platform_context():
        ChannelAccount.all_objects.update(status=AccountStatus.EXPIRED)
    tell(whatsapp, "account_review_update", {"decision": "APPROVED"}, at=int(timezone.now().timestamp()))
    assert stored(whatsapp).status == AccountStatus.EXPIRED

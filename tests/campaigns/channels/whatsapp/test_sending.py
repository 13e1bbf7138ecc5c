"""WhatsApp takes free text for 24 hours, and approved templates at any time. Each message reaches its person once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount, TemplateStatus
from campaigns.channels.protocol import Found, driver_of
from campaigns.channels.sending import recovery, worker
from campaigns.channels.sending.account_kinds import CHANNEL
from campaigns.channels.whatsapp.client import WhatsApp
from campaigns.channels.whatsapp.driver import WHATSAPP
from campaigns.channels.whatsapp.errors import CLOSED
from campaigns.channels.whatsapp.window import contact_of, window_open_until
from campaigns.messages.models import Message, MessageState
from campaigns.network_contacts.models import NetworkContact
from campaigns.network_contacts.services import keep
from lad.requests import Answer
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Suppression
from leads.contacts.models import Lead
from tests.campaigns.channels.sending.conftest import make_due
from tests.campaigns.channels.texting import NUMBER_ID, PERSON, Reports, sent, write
from tests.factories.campaigns import WhatsappTemplateFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db
Queue = Callable[..., Message]
TEMPLATE = {"template": "introduction", "language": "en", "variables": ["Maya", "your\n\nflat"]}


@pytest.fixture
def template(whatsapp: ChannelAccount) -> None:
    with platform_context(tenant_id=whatsapp.tenant_id):
        WhatsappTemplateFactory.create(
            channel_account=whatsapp,
            name="introduction",
            language="en",
            body="Hello {{1}}, I am writing to you about {{2}}. May I tell you more?",
            variables=2,
        )


@pytest.fixture
def open_window(sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead) -> NetworkContact:
    """The person has just written."""
    write(sandbox, whatsapp, "Hello?")
    with tenant_context(whatsapp.tenant_id):
        return keep(whatsapp, person.pk, provider_id=PERSON[1:], last_inbound_at=timezone.now())


def attempted(message: Message) -> Message:
    """Send what is due, and return the message as it is then."""
    worker.send_due(CHANNEL)
    return stored(message)


def test_the_driver_is_that_of_the_provider() -> None:
    assert driver_of("whatsapp", "whatsapp_cloud") is WHATSAPP


def test_free_text_reaches_somebody_who_has_written(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: NetworkContact, queue: Queue
) -> None:
    message = attempted(queue(whatsapp, person, body="Thank you for writing."))
    assert (message.state, message.error) == (MessageState.SENT, "")
    assert message.provider_id.startswith("wamid.")
    assert sent(sandbox) == ["Thank you for writing."]
    assert worker.send_due(CHANNEL) == {}


def test_outside_the_window_free_text_is_refused_with_what_to_do(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, queue: Queue
) -> None:
    message = attempted(queue(whatsapp, person))
    assert (message.state, message.error) == (MessageState.FAILED, CLOSED)
    assert sandbox.log("network_request") == []


def test_the_window_closes_24_hours_after_the_person_wrote(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: NetworkContact, queue: Queue
) -> None:
    written = timezone.now() - timedelta(hours=24)
    with tenant_context(whatsapp.tenant_id):
        NetworkContact.objects.filter(pk=open_window.pk).update(last_inbound_at=written)
        contact = contact_of(whatsapp, person.pk)
    assert contact is not None
    assert window_open_until(contact) == written + timedelta(hours=24)
    assert window_open_until(None) is None
    assert attempted(queue(whatsapp, person)).error == CLOSED
    assert sent(sandbox) == []


def test_outside_the_window_the_approved_template_is_sent(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, template: None, queue: Queue
) -> None:
    message = attempted(queue(whatsapp, person, metadata=TEMPLATE))
    words = "Hello Maya, I am writing to you about your flat. May I tell you more?"
    assert (message.state, message.error) == (MessageState.SENT, "")
    assert sent(sandbox) == [words]
    assert message.metadata["sent_text"] == words


def test_inside_the_window_the_text_is_sent_in_place_of_the_template(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, template: None, open_window: Any, queue: Queue
) -> None:
    attempted(queue(whatsapp, person, body="Good to hear from you.", metadata=TEMPLATE))
    assert sent(sandbox) == ["Good to hear from you."]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"template": "unheard_of"}, "does not know a template"),
        ({"language": "fr"}, "does not know a template"),
        ({"language": ""}, "in which language"),
        ({"variables": ["Maya"]}, "has 2 variables, and 1 were given"),
        ({"variables": ["Maya", " "]}, "is empty for this person"),
    ],
)
def test_a_template_that_does_not_fit_is_refused_before_whatsapp_is_asked(
    values: dict[str, Any],
    word: str,
    sandbox: Sandbox,
    whatsapp: ChannelAccount,
    person: Lead,
    template: None,
    queue: Queue,
) -> None:
    message = attempted(queue(whatsapp, person, metadata={**TEMPLATE, **values}))
    assert message.state == MessageState.FAILED
    assert word in message.error
    assert sandbox.log("network_request") == []


def test_a_template_that_is_not_approved_is_refused(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, queue: Queue
) -> None:
    with platform_context(tenant_id=whatsapp.tenant_id):
        WhatsappTemplateFactory.create(
            channel_account=whatsapp, name="introduction", variables=2, status=TemplateStatus.PAUSED
        )
    message = attempted(queue(whatsapp, person, metadata=TEMPLATE))
    assert "is not approved but paused by whatsapp" in message.error


def test_files_are_refused(whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue) -> None:
    message = queue(whatsapp, person)
    with platform_context(tenant_id=whatsapp.tenant_id):
        Message.objects.filter(pk=message.pk).update(attachment_ids=["0190c5e0-0000-7000-8000-000000000000"])
    assert "cannot send files on WhatsApp" in attempted(message).error


def test_somebody_who_is_not_on_whatsapp_bounces(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue
) -> None:
    sandbox.call("POST", "/networks/people", json={"identifier": PERSON, "behaviour": "wrong_number"})
    sandbox.call("POST", f"/networks/accounts/{NUMBER_ID}", json={"errors": "sync"})
    message = attempted(queue(whatsapp, person))
    assert message.state == MessageState.FAILED
    assert "has blocked this account" in message.error


def test_somebody_who_stopped_marketing_in_whatsapp_is_put_on_the_do_not_contact_list(
    whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Answer(400, {}, orjson.dumps({"error": {"code": 131050}}))
    monkeypatch.setattr(WhatsApp, "hand_over", lambda _self, _content: stopped)
    assert attempted(queue(whatsapp, person)).state == MessageState.FAILED
    with tenant_context(whatsapp.tenant_id):
        [entry] = Suppression.objects.all()
    assert (entry.channel, entry.address, entry.lead_id) == ("whatsapp", PERSON, person.pk)


def test_an_expired_token_stops_the_account_and_the_message_waits(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue
) -> None:
    sandbox.fault("answer", protocol="whatsapp_cloud", stage="SEND", code=401, text="190")
    message = attempted(queue(whatsapp, person))
    account = stored(whatsapp)
    assert message.state == MessageState.QUEUED
    assert account.status == AccountStatus.EXPIRED
    assert "new one, then test" in account.status_reason


def test_an_account_that_sends_too_fast_rests(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue
) -> None:
    sandbox.fault("answer", protocol="whatsapp_cloud", stage="SEND", code=429, text="130429")
    message = attempted(queue(whatsapp, person))
    account = stored(whatsapp)
    assert message.state == MessageState.QUEUED
    assert account.status == AccountStatus.ACTIVE
    assert account.paused_until is not None
    assert timezone.now() < account.paused_until < timezone.now() + timedelta(minutes=5)


def test_a_message_whose_answer_was_lost_is_settled_by_its_report_and_sent_once(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue, reported: Reports
) -> None:
    sandbox.fault("drop", protocol="whatsapp_cloud", stage="SEND", accepted=True)
    message = attempted(queue(whatsapp, person))
    assert message.state == MessageState.UNKNOWN
    assert WHATSAPP.find(whatsapp, [message]) == {message.pk: Found.NOT_KNOWN}
    assert set(reported.deliver()) == {200}
    recovery.look()
    settled = stored(message)
    assert (settled.state, settled.error) == (MessageState.SENT, "")
    assert settled.provider_id.startswith("wamid.")
    assert len(sent(sandbox)) == 1


def test_a_message_of_which_nothing_is_reported_is_never_sent_again(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue
) -> None:
    sandbox.fault("drop", protocol="whatsapp_cloud", stage="SEND", accepted=True)
    message = attempted(queue(whatsapp, person))
    for _look in range(6):
        make_due([message])
        recovery.look()
        worker.send_due(CHANNEL)
    assert stored(message).state == MessageState.UNKNOWN
    assert len(sent(sandbox)) == 1


def test_a_message_that_was_reported_is_not_handed_over_again(
    sandbox: Sandbox, whatsapp: ChannelAccount, person: Lead, open_window: Any, queue: Queue
) -> None:
    message = queue(whatsapp, person)
    with platform_context(tenant_id=whatsapp.tenant_id):
        Message.objects.filter(pk=message.pk).update(provider_id="wamid.reported")
    assert attempted(message).state == MessageState.SENT
    assert sent(sandbox) == []

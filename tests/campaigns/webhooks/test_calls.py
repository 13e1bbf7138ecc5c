"""A step calls a system of the tenant: signed, outside the engine's transaction, and at least once."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.design.services import lifecycle
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.webhooks import sending, worker
from campaigns.webhooks.models import CallState, WebhookCall, WebhookEndpoint
from lad.tenancy.context import platform_context
from tests.campaigns.engine.conftest import Outreach
from tests.factories.campaigns import WebhookCallFactory
from tests.support.https import Received, Receiver

Start = Any
DONE = ("Done", "manual_task", {"instructions": "It worked."})
TROUBLE = ("Trouble", "manual_task", {"instructions": "It did not work."})


@pytest.fixture
def arrived(outreach: Outreach, running: Start, endpoint: WebhookEndpoint) -> CampaignLead:
    """A lead whose call is queued. It goes on to “Done” or to “Trouble”."""
    step = ("Tell", "webhook", {"endpoint": str(endpoint.pk)})
    [enrolment] = running(step, DONE, TROUBLE, links=[("Tell", "failed", "Trouble")], company_name="Northwind")
    outreach.run()
    return enrolment


def call_of(enrolment: CampaignLead) -> WebhookCall:
    with platform_context():
        return WebhookCall.objects.get(campaign_lead=enrolment)


def activity_of(enrolment: CampaignLead) -> CampaignLeadActivity:
    with platform_context():
        return CampaignLeadActivity.objects.get(campaign_lead=enrolment, step_type="webhook")


def make_due(enrolment: CampaignLead) -> None:
    with platform_context():
        WebhookCall.objects.filter(campaign_lead=enrolment).update(next_attempt_at=timezone.now())


def where(outreach: Outreach, enrolment: CampaignLead) -> tuple[str, str, str]:
    """Let the engine work at the real time, by which calls are recorded, and return where the lead stands."""
    outreach.now = timezone.now() + timedelta(seconds=1)
    outreach.run()
    return outreach.state(enrolment)


def is_signed(request: Received, secret: str) -> bool:
    """Check the signature as a receiver does."""
    given = request.headers
    signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + request.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return given["webhook-signature"] == f"v1,{digest}"


def test_the_lead_is_sent_signed_and_goes_on_by_the_answer(
    outreach: Outreach, arrived: CampaignLead, endpoint: WebhookEndpoint, crm: Receiver
) -> None:
    # The engine itself calls nobody.
    assert crm.requests == []
    assert outreach.state(arrived) == ("active", "Tell", "webhook")
    assert worker.run_due() == {"succeeded": 1}
    [request] = crm.requests
    assert request.path == "/leads?from=lad"
    assert is_signed(request, endpoint.secret)
    assert not is_signed(Received("", request.headers, request.body + b" "), endpoint.secret)
    activity = activity_of(arrived)
    body = json.loads(request.body)
    assert request.headers["idempotency-key"] == request.headers["webhook-id"] == body["id"] == str(activity.pk)
    assert abs(int(request.headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    lead = body["data"]["lead"]
    assert (lead["id"], lead["company_name"]) == (str(arrived.lead_id), "Northwind")
    assert (body["data"]["step"]["title"], body["data"]["campaign"]["name"]) == ("Tell", "Autumn")
    assert (activity.status, activity.metadata) == ("delivered", {"status_code": 200})
    assert where(outreach, arrived)[1] == "Done"
    assert worker.run_due() == {}


def test_a_refusal_is_final_and_leads_to_the_other_path(
    outreach: Outreach, arrived: CampaignLead, crm: Receiver
) -> None:
    crm.answers = [404]
    assert worker.run_due() == {"failed": 1}
    assert (call_of(arrived).status_code, call_of(arrived).tries) == (404, 1)
    assert activity_of(arrived).error_message == "The server answered 404: said so."
    assert where(outreach, arrived)[1] == "Trouble"


def test_trouble_of_the_server_is_tried_again_with_the_same_key(
    outreach: Outreach, arrived: CampaignLead, crm: Receiver
) -> None:
    crm.answers = [503]
    assert worker.run_due() == {"queued": 1}
    # Not at once.
    assert worker.run_due() == {}
    due = call_of(arrived).next_attempt_at
    assert due is not None
    assert due > timezone.now() + timedelta(seconds=15)
    make_due(arrived)
    assert worker.run_due() == {"succeeded": 1}
    first, second = crm.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert where(outreach, arrived)[1] == "Done"


FINAL: dict[int, bool | None] = {200: None, 204: None, 302: True, 400: True, 404: True, 410: True}
FINAL |= dict.fromkeys([408, 425, 429, 500, 503], False)


def try_once(url: str) -> sending.Answer:
    return sending.post(url, key="k", secret="whsec_c2VjcmV0", payload={}, now=timezone.now())


def test_an_answer_is_taken_final_or_tried_again(crm: Receiver) -> None:
    crm.answers = list(FINAL)
    answers = {status: try_once(crm.url) for status in FINAL}
    assert {status: None if each.ok else each.final for status, each in answers.items()} == FINAL
    # No redirection was followed.
    assert len(crm.requests) == len(FINAL)


def test_a_server_that_never_recovers_is_given_up(outreach: Outreach, arrived: CampaignLead, crm: Receiver) -> None:
    crm.answers = [500] * 20
    for _try in range(worker.call_queue.backoff.attempts - 1):
        assert worker.run_due() == {"queued": 1}
        make_due(arrived)
    assert worker.run_due() == {"failed": 1}
    assert len(crm.requests) == worker.call_queue.backoff.attempts
    assert where(outreach, arrived)[1] == "Trouble"


def test_a_call_whose_worker_died_is_sent_again_with_the_same_key(
    outreach: Outreach, arrived: CampaignLead, crm: Receiver
) -> None:
    with platform_context():
        WebhookCall.objects.update(
            state=CallState.SENDING, attempts=1, lease_until=timezone.now() - timedelta(seconds=1)
        )
    assert worker.run_due() == {"succeeded": 1}
    assert [each.headers["webhook-id"] for each in crm.requests] == [str(activity_of(arrived).pk)]
    assert where(outreach, arrived)[1] == "Done"


def test_a_lead_that_waits_for_its_call_is_not_called_for_again(
    outreach: Outreach, arrived: CampaignLead, crm: Receiver
) -> None:
    with outreach.inside():
        CampaignLead.objects.filter(pk=arrived.pk).update(next_action_at=outreach.now)
        states.wake_campaigns([outreach.campaign.pk], at=outreach.now)
    outreach.run(minutes=1)
    assert outreach.state(arrived) == ("active", "Tell", "webhook")
    assert worker.run_due() == {"succeeded": 1}
    assert len(crm.requests) == 1
    with platform_context():
        assert WebhookCall.objects.count() == 1


def test_a_silent_server_is_left_after_a_while(arrived: CampaignLead, crm: Receiver, monkeypatch: Any) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 5.0)
    monkeypatch.setattr(sending, "STEP_SECONDS", 0.1)
    crm.silent = True
    assert worker.run_due() == {"queued": 1}
    assert call_of(arrived).error == "localhost could not be reached: it did not answer in time."


def test_a_server_that_goes_on_slowly_is_left_too(arrived: CampaignLead, crm: Receiver, monkeypatch: Any) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.2)
    crm.silent = True
    assert worker.run_due() == {"queued": 1}
    assert len(crm.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(arrived: CampaignLead, crm: Receiver, settings: Any) -> None:
    settings.WEBHOOK_CA_FILE = ""
    assert worker.run_due() == {"queued": 1}
    assert "The certificate of localhost is not valid" in call_of(arrived).error
    assert crm.requests == []


PRIVATE = ["https://127.0.0.1:{port}/", "https://[::1]:{port}/", "https://10.1.2.3/", "https://192.168.0.1/"]
PRIVATE += ["https://169.254.169.254/latest/meta-data/", "https://[::ffff:127.0.0.1]:{port}/"]


def test_nothing_inside_the_own_network_is_called(
    outreach: Outreach, arrived: CampaignLead, crm: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_INTERNAL_HOSTS = []
    answers = [try_once(url.format(port=crm.port)) for url in PRIVATE]
    assert [(each.final, "inside a private network" in each.error) for each in answers] == [(True, True)] * 6
    assert worker.run_due() == {"failed": 1}
    assert "inside a private network" in activity_of(arrived).error_message
    assert crm.requests == []
    assert where(outreach, arrived)[1] == "Trouble"


def test_a_paused_campaign_calls_nobody_until_it_is_resumed(
    outreach: Outreach, arrived: CampaignLead, crm: Receiver
) -> None:
    with outreach.inside():
        lifecycle.pause(campaign=outreach.campaign, actor=None)
    assert worker.run_due() == {"queued": 1}
    assert worker.run_due() == {}
    with outreach.inside():
        lifecycle.resume(campaign=outreach.campaign, actor=None)
    make_due(arrived)
    assert worker.run_due() == {"succeeded": 1}
    assert (call_of(arrived).tries, len(crm.requests)) == (1, 1)


def test_nobody_is_told_of_a_lead_that_does_not_wait_any_more(
    outreach: Outreach, arrived: CampaignLead, crm: Receiver
) -> None:
    with outreach.inside():
        states.stop(
            CampaignLead.objects.filter(pk=arrived.pk), reason=EnrolmentReason.STOPPED_BY_HAND, now=timezone.now()
        )
    assert worker.run_due() == {"cancelled": 1}
    assert activity_of(arrived).status == "cancelled"
    assert outreach.state(arrived)[0] == "stopped"
    assert crm.requests == []


def test_an_inactive_webhook_fails_and_the_lead_goes_on(
    outreach: Outreach, arrived: CampaignLead, endpoint: WebhookEndpoint, crm: Receiver
) -> None:
    with platform_context():
        WebhookEndpoint.objects.update(is_active=False)
    assert worker.run_due() == {"failed": 1}
    assert where(outreach, arrived)[1] == "Trouble"
    [second] = outreach.enrol()
    assert where(outreach, second)[1] == "Trouble"
    assert "is not active" in activity_of(second).error_message
    assert crm.requests == []


def test_a_tenant_with_slow_servers_leaves_workers_to_others(outreach: Outreach, crm: Receiver) -> None:
    with platform_context(tenant_id=outreach.tenant.pk):
        now = timezone.now()
        busy = {"state": CallState.SENDING, "attempts": 1, "lease_until": now + timedelta(minutes=1)}
        for _each in range(worker.CALLS_AT_ONCE):
            WebhookCallFactory.create(**busy)
        WebhookCallFactory.create(next_attempt_at=now)
    with platform_context():
        assert not worker.has_work()
    assert worker.run_due() == {}
    with platform_context():
        WebhookCall.objects.filter(state=CallState.SENDING).update(lease_until=now - timedelta(minutes=1))
        assert worker.has_work()

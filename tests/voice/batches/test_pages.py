"""The admin's pages of batches: from selected leads, from a file, and the actions on a batch."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, VoiceProfileFactory
from tests.support.api import text
from tests.support.jobs import run_jobs
from tests.voice.helpers import create
from voice.batches.models import CallBatch, CallBatchEntry
from voice.statuses import BatchStatus, EntryStatus

LEADS = "/admin/leads/lead/"
BATCHES = "/admin/voice/callbatch/"

Browse = Callable[..., Client]


@pytest.fixture
def browser(tenant: Tenant, member: User, admin_of: Browse, policy: Any) -> Client:
    """A member whose profile has an agent."""
    create(tenant, VoiceProfileFactory, user=member)
    return admin_of(member)


def values_of(response: Any) -> dict[str, Any]:
    """Return what the form on a page would send."""
    form = response.context["form"]
    return {name: form[name].value() or "" for name in form.fields if name != "file"}


def only_batch() -> CallBatch:
    with platform_context():
        return CallBatch.objects.get()


def test_selected_leads_are_called_after_a_look_at_who_can_be(browser: Client, people: Any) -> None:
    leads = [*people(2), *people(1, phone="", country_code="", base_number=None)]
    chosen = {"action": "call_leads", "_selected_action": [str(lead.pk) for lead in leads]}
    page = browser.post(LEADS, chosen)
    shown = text(page)
    assert "1 of 3 will be left out: 1 without a number. 2 of 3 can be called at once." in shown
    body = {**chosen, **values_of(page), "name": "Fair", "confirmed": "1"}
    done = browser.post(LEADS, body)
    batch = only_batch()
    assert done["Location"] == f"{BATCHES}{batch.pk}/change/"
    # Sent twice, it is still one batch.
    browser.post(LEADS, body)
    run_jobs()
    batch = only_batch()
    assert (batch.name, batch.total_calls, batch.paused_at) == ("Fair", 2, None)


def test_all_leads_of_a_filter_are_called(browser: Client, people: Any) -> None:
    people(3, source="fair")
    people(1, source="web")
    chosen = {"action": "call_leads", "select_across": "1", "_selected_action": []}
    with platform_context():
        from leads.contacts.models import Lead

        chosen["_selected_action"] = [str(Lead.objects.values_list("pk", flat=True)[0])]
    page = browser.post(f"{LEADS}?source=fair", chosen)
    browser.post(f"{LEADS}?source=fair", {**chosen, **values_of(page), "confirmed": "1"})
    run_jobs()
    assert only_batch().total_calls == 3


def test_viewers_cannot_call_selected_leads(viewer: User, admin_of: Browse, people: Any) -> None:
    [lead] = people(1)
    page = text(admin_of(viewer).get(LEADS))
    assert 'value="call_leads"' not in page
    admin_of(viewer).post(LEADS, {"action": "call_leads", "_selected_action": [str(lead.pk)]})
    with platform_context():
        assert not CallBatch.objects.exists()


def test_a_file_is_reviewed_before_its_people_are_called(browser: Client) -> None:
    address = f"{BATCHES}from-file/"
    content = b"phone,name,team size\n+442079460001,Ada,12\nnonsense,Bob,3\n"
    values = {**values_of(browser.get(address)), "name": "From a file"}
    page = browser.post(address, {**values, "file": SimpleUploadedFile("people.csv", content)})
    shown = text(page)
    assert "1 of 2 will be left out: 1 whose number does not exist." in shown
    assert "Variable team_size" in shown
    assert "nonsense" in shown
    with platform_context():
        assert not CallBatch.objects.exists()
    done = browser.post(address, {"_kept": page.context["token"]})
    batch = only_batch()
    assert done["Location"] == f"{BATCHES}{batch.pk}/change/"
    run_jobs()
    assert only_batch().total_calls == 1
    assert browser.post(address, {"_kept": page.context["token"]})["Location"] == address


def test_a_file_without_numbers_says_what_to_do(browser: Client) -> None:
    address = f"{BATCHES}from-file/"
    values = values_of(browser.get(address))
    page = browser.post(address, {**values, "file": SimpleUploadedFile("people.csv", b"who,where\nAda,London\n")})
    assert "Give one the heading “phone”, or say which it is." in text(page)


def test_a_batch_is_paused_resumed_and_cancelled_on_its_page(tenant: Tenant, browser: Client) -> None:
    batch = create(tenant, CallBatchFactory, name="Fair", total_calls=1)
    create(tenant, CallBatchEntryFactory, batch=batch)
    page = f"{BATCHES}{batch.pk}/"
    assert "Fair" in text(browser.get(BATCHES))
    browser.post(f"{page}pause_calls/", {"reason": "Lunch"})
    assert only_batch().pause_reason == "Lunch"
    assert "Lunch Since" in text(browser.get(f"{page}change/"))
    browser.post(f"{page}resume_calls/", {})
    assert only_batch().paused_at is None
    browser.post(f"{page}schedule/", {"scheduled_at": ""})
    browser.post(f"{page}cancel/", {"reason": "Wrong list"})
    assert only_batch().status == BatchStatus.CANCELLED
    with platform_context():
        assert CallBatchEntry.objects.get().status == EntryStatus.CANCELLED

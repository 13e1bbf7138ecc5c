"""The forms of batches and of their people ask for delays and contexts in fields of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import faults, form_of, untouched
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, VoiceAgentFactory, VoiceProfileFactory
from tests.voice.helpers import create
from voice.agents.models import VoiceProfile
from voice.batches.models import CallBatch, CallBatchEntry
from voice.dialer.delays_form import in_words
from voice.statuses import BatchStatus

BATCHES = "/admin/voice/callbatch/"
Browse = Callable[..., Client]


def lines(*texts: str, never: bool = False) -> dict[str, str]:
    """Return the entries of the lines of delays."""
    entered = {f"retry_delays_{number}": text for number, text in enumerate(texts)}
    return {**entered, **({"retry_delays_4": "on"} if never else {})}


def page_of(row: Any) -> str:
    return f"/admin/voice/{row._meta.model_name}/{row.pk}/change/"


def stored(row: Any) -> Any:
    with platform_context():
        return type(row).objects.get(pk=row.pk)


def saved(browser: Client, row: Any, **entered: Any) -> Any:
    """Return the answer to a form that was sent with these entries. None leaves one out."""
    body = {**untouched(browser.get(page_of(row)), type(row)), **entered}
    return browser.post(page_of(row), {name: value for name, value in body.items() if value is not None})


@pytest.mark.parametrize(
    ("entered", "delays"),
    [
        ({}, None),
        (lines("", "", "", ""), None),
        (lines("10, 60", "", "1440", ""), {"busy": [10, 60], "voicemail": [1440]}),
        (lines("10 60"), {"busy": [10, 60]}),
        (lines("", "", "", "", never=True), {}),
    ],
)
def test_a_batch_is_added_with_its_delays_and_its_context(
    tenant: Tenant, member: User, admin_of: Browse, entered: dict[str, str], delays: Any
) -> None:
    browser = admin_of(member)
    agent = create(tenant, VoiceAgentFactory)
    page = browser.get(f"{BATCHES}add/")
    assert "metadata" not in form_of(page).fields
    body = {**untouched(page, CallBatch), "agent": str(agent.pk), "base_context": "They were at the fair.", **entered}
    response = browser.post(f"{BATCHES}add/", body)
    assert response.status_code == 302, faults(response)
    with platform_context():
        batch = CallBatch.objects.get()
    assert (batch.retry_delays, batch.metadata) == (delays, {"base_context": "They were at the fair."})


@pytest.mark.parametrize(
    ("before", "entered", "after"),
    [
        (None, {}, None),
        ({}, {}, {}),
        ({}, {"retry_delays_4": None}, None),
        ({"busy": [5]}, {}, {"busy": [5]}),
        ({"busy": [5]}, {"retry_delays_0": ""}, None),
        ({"busy": [5]}, {"retry_delays_0": "", "retry_delays_4": "on"}, {}),
        ({"busy": [5]}, {"retry_delays_1": "120"}, {"busy": [5], "no_answer": [120]}),
    ],
)
def test_the_delays_of_a_batch_are_changed(
    tenant: Tenant, member: User, admin_of: Browse, before: Any, entered: dict[str, Any], after: Any
) -> None:
    batch = create(tenant, CallBatchFactory, retry_delays=before)
    response = saved(admin_of(member), batch, **entered)
    assert response.status_code == 302, faults(response)
    assert stored(batch).retry_delays == after


@pytest.mark.parametrize(
    ("entered", "says"),
    [
        (lines("soon"), "“Busy”: write whole minutes"),
        (lines("", "-1"), "“No answer”: write whole minutes"),
        (lines("0"), "enter 1 to 20,160 minutes"),
        (lines("20161"), "enter 1 to 20,160 minutes"),
        (lines(" ".join(["5"] * 11)), "at most 10 further attempts"),
        (lines("5", never=True), "Empty the minutes"),
    ],
)
def test_delays_that_make_no_sense_are_refused_at_their_field(
    tenant: Tenant, member: User, admin_of: Browse, entered: dict[str, str], says: str
) -> None:
    response = saved(admin_of(member), create(tenant, CallBatchFactory), **entered)
    errors = form_of(response).errors
    assert list(errors) == ["retry_delays"]
    assert says in errors["retry_delays"][0]


def test_a_change_of_the_context_keeps_the_rest_of_the_metadata(tenant: Tenant, member: User, admin_of: Browse) -> None:
    batch = create(tenant, CallBatchFactory, metadata={"base_context": "Old.", "llm_model": "small"})
    browser = admin_of(member)
    assert saved(browser, batch, base_context="New.").status_code == 302
    assert stored(batch).metadata == {"base_context": "New.", "llm_model": "small"}
    assert saved(browser, batch, base_context="").status_code == 302
    assert stored(batch).metadata == {"llm_model": "small"}
    refused = saved(browser, batch, base_context="x" * 20_001)
    assert list(form_of(refused).errors) == ["base_context"]


def test_a_started_batch_shows_its_rules_in_words(tenant: Tenant, member: User, admin_of: Browse) -> None:
    batch = create(
        tenant,
        CallBatchFactory,
        status=BatchStatus.RUNNING,
        started_at=timezone.now(),
        retry_delays={"busy": [10, 60], "no_answer": [1440]},
        metadata={"base_context": "They were at the fair."},
    )
    page = admin_of(member).get(page_of(batch)).content.decode()
    assert "Busy: after 10 and 60 minutes<br>No answer: after 1,440 minutes" in page
    assert "They were at the fair." in page
    assert "no_answer" not in page
    assert "base_context</dt>" not in page


@pytest.mark.parametrize(
    ("delays", "words"),
    [
        (None, "By your rules of dialling"),
        ({}, "None"),
        ({"busy": []}, "None"),
        ({"busy": [1]}, "Busy: after 1 minute"),
        ({"voicemail": [5, 10, 1440]}, "Voicemail: after 5, 10 and 1,440 minutes"),
    ],
)
def test_delays_are_told_in_words(delays: Any, words: str) -> None:
    assert in_words(delays) == words


def test_what_the_agent_knows_of_a_person_is_asked_in_fields(tenant: Tenant, member: User, admin_of: Browse) -> None:
    entry = create(
        tenant, CallBatchEntryFactory, metadata={"entry_index": 3, "context": "Old.", "variables": {"team": "a\nb"}}
    )
    browser = admin_of(member)
    assert saved(browser, entry, context="New.", lead_name="Ada").status_code == 302
    kept = {"entry_index": 3, "context": "New.", "lead_name": "Ada"}
    assert stored(entry).metadata == {**kept, "variables": {"team": "a\nb"}}
    assert saved(browser, entry, variables="team_size | 40\nplan | A | B").status_code == 302
    assert stored(entry).metadata == {**kept, "variables": {"team_size": "40", "plan": "A | B"}}
    for wrong in ("Team size | 40", "plan | A\nplan | B", f"plan | {'x' * 2_001}"):
        assert list(form_of(saved(browser, entry, variables=wrong)).errors) == ["variables"], wrong
    assert isinstance(entry, CallBatchEntry)


def test_a_member_is_spared_mails_on_the_page_of_their_profile(tenant: Tenant, admin: User, admin_of: Browse) -> None:
    profile = create(tenant, VoiceProfileFactory, preferences={"time_zone": "Europe/Rome"}, metadata={"old": 1})
    browser = admin_of(admin)
    page = browser.get(page_of(profile))
    assert "preferences" not in form_of(page).fields
    assert "Europe/Rome" in page.content.decode()
    response = saved(browser, profile, notify_on_follow_up=None)
    assert response.status_code == 302, faults(response)
    row: VoiceProfile = stored(profile)
    assert (row.preferences, row.metadata) == (
        {"time_zone": "Europe/Rome", "notify_on_follow_up": False},
        {"old": 1},
    )

"""People come into a batch: leads of the list, rows of a file, in any number, after a look at who may be called."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from lad.jobs.models import Job, JobFailure, JobState
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ContactPolicy
from leads.contactability.services import suppress
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import ConsentRecordFactory
from tests.factories.voice import (
    CallBatchFactory,
    VoiceAgentFactory,
    VoiceNumberFactory,
    VoicePermissionFactory,
    VoiceProfileFactory,
)
from tests.leads.contactability.workbooks import workbook
from tests.support.api import field_problems, problem
from tests.support.events import events
from tests.support.jobs import run_jobs
from tests.voice.helpers import create
from voice.agents.models import VoiceAgent
from voice.batches import jobs
from voice.batches.models import CallBatch, CallBatchEntry, CallBatchLine
from voice.batches.services.filling import settle_filled
from voice.batches.services.pausing import FILLING
from voice.statuses import BatchStatus

URL = "/api/v1/voice-call-batches/"
# A Wednesday night in London.
NIGHT = datetime(2030, 6, 5, 23, 0, tzinfo=UTC)
CSV = b"""First name;Surname;Mobile phone;Team size;Notes;City
Ada;Lovelace;020 7946 0001;12;Likes maths;London
Alan;Turing;+44 20 7946 0002;7;;Wilmslow
;;;;;
Grace;Hopper;12;3;;Arlington
Again;Ada;+442079460001;1;;London
Cheap;Line;+44 909 879 0000;;;
"""


@pytest.fixture
def client(api: Callable[..., Any], member: User) -> Any:
    return api(member)


def send(client: Any, path: str, body: dict[str, Any], key: str = "") -> Any:
    return client.post(f"{URL}{path}", body, format="json", HTTP_IDEMPOTENCY_KEY=key or str(uuid4()))


def send_file(client: Any, path: str, content: bytes, name: str = "people.csv", **values: Any) -> Any:
    body = {"file": SimpleUploadedFile(name, content), **values}
    return client.post(f"{URL}{path}", body, format="multipart", HTTP_IDEMPOTENCY_KEY=str(uuid4()))


def batch_of(response: Any) -> CallBatch:
    assert response.status_code == 202, response.content
    with platform_context():
        return CallBatch.objects.get(pk=response.json()["batch"]["id"])


def again(batch: CallBatch) -> CallBatch:
    with platform_context():
        return CallBatch.objects.get(pk=batch.pk)


def stop(tenant: Tenant, lead: Lead) -> None:
    """Put a lead on the do-not-contact list."""
    with tenant_context(tenant.pk):
        suppress(lead=lead, channel="voice", reason="manual")


def entries_of(batch: CallBatch) -> list[CallBatchEntry]:
    with platform_context():
        return list(CallBatchEntry.objects.filter(batch=batch).order_by("to_phone"))


def not_callable(tenant: Tenant, policy: ContactPolicy, leads: list[Any], consenting: int) -> None:
    """Require consent, which only the first leads gave."""
    with platform_context(tenant_id=tenant.pk):
        ContactPolicy.objects.filter(pk=policy.pk).update(consent_required=["voice"])
        for lead in leads[:consenting]:
            ConsentRecordFactory.create(
                lead=lead, channel="voice", status="given", given_at=timezone.now() - timedelta(days=1)
            )


def test_leads_are_previewed_and_then_called_but_not_those_without_consent(
    tenant: Tenant, policy: ContactPolicy, agent: VoiceAgent, people: Any, client: Any
) -> None:
    leads = people(5)
    not_callable(tenant, policy, leads, consenting=2)
    stop(tenant, leads[0])
    chosen = [str(lead.pk) for lead in leads]
    seen = client.post(f"{URL}preview/", {"ids": chosen}, format="json").json()
    assert (seen["total"], seen["judged"], seen["callable_now"], seen["skipped"]) == (5, 5, 1, 4)
    assert [(group["reason"], group["count"]) for group in seen["left_out"]] == [
        ("consent_missing", 3),
        ("suppressed", 1),
    ]
    assert seen["sentences"] == [
        "4 of 5 will be left out: 3 without consent, 1 on the do-not-contact list.",
        "1 of 5 can be called at once.",
    ]
    batch = batch_of(send(client, "from-leads/", {"ids": chosen, "agent": agent.pk, "name": "Fair"}))
    assert (batch.status, batch.pause_reason, batch.total_calls) == (BatchStatus.QUEUED, FILLING, 0)
    run_jobs()
    batch = again(batch)
    assert (batch.paused_at, batch.total_calls, batch.name) == (None, 1, "Fair")
    [entry] = entries_of(batch)
    assert (entry.lead_id, entry.to_phone) == (leads[1].pk, leads[1].phone)
    with platform_context():
        reasons = list(JobFailure.objects.values_list("reason", flat=True))
        assert CallBatchLine.objects.count() == 4
    assert len([reason for reason in reasons if "requires consent to telephone" in reason]) == 3
    [event] = events("voice.call_batch.filled", tenant.pk)
    assert event.payload == {"added": 1, "left_out": 4}
    assert events("voice.call_batch.resumed", tenant.pk) == []


def test_those_who_may_be_called_later_wait_until_then(
    tenant: Tenant, policy: ContactPolicy, agent: VoiceAgent, people: Any, client: Any
) -> None:
    with platform_context():
        ContactPolicy.objects.filter(pk=policy.pk).update(contact_from="08:00", contact_until="20:00")
    leads = people(2)
    chosen = [str(lead.pk) for lead in leads]
    seen = client.post(f"{URL}preview/", {"ids": chosen, "scheduled_at": NIGHT.isoformat()}, format="json").json()
    [group] = seen["waiting"]
    morning = datetime(2030, 6, 6, 7, 0, tzinfo=UTC)
    assert (group["reason"], group["count"]) == ("quiet_hours", 2)
    assert datetime.fromisoformat(group["first"]) == morning
    assert seen["sentences"][0].startswith("2 of 2 wait, the first until 6 Jun 2030, 07:00 UTC: 2 outside")
    batch = batch_of(send(client, "from-leads/", {"ids": chosen, "agent": agent.pk, "scheduled_at": NIGHT.isoformat()}))
    run_jobs()
    entries = entries_of(batch)
    assert [entry.next_attempt_at for entry in entries] == [morning, morning]
    assert entries[0].decision["reasons"][0]["code"] == "quiet_hours"
    shown = client.get(f"{URL}{batch.pk}/summary/").json()
    assert [(each["reason"], each["count"]) for each in shown["waiting"]] == [("quiet_hours", 2)]
    assert (shown["due_now"], shown["statuses"]) == (0, {"queued": 2})


def test_a_filter_of_the_list_chooses_leads_and_archived_ones_are_left_out(
    agent: VoiceAgent, people: Any, client: Any
) -> None:
    people(3, stage="new", source="fair")
    people(1, source="fair", is_archived=True)
    people(2, source="web")
    batch = batch_of(send(client, "from-leads/", {"filter": {"source": "fair"}, "agent": agent.pk}))
    run_jobs()
    assert len(entries_of(batch)) == 3
    wrong = send(client, "from-leads/", {"filter": {"colour": "red"}, "agent": agent.pk})
    assert "filter.colour" in wrong.json()["errors"]
    assert problem(send(client, "from-leads/", {"agent": agent.pk}))[0] == 400
    assert problem(send(client, "from-leads/", {"filter": {"source": "nowhere"}, "agent": agent.pk}))[0] == 409
    with platform_context():
        assert CallBatch.objects.count() == 1


def test_another_tenants_leads_are_not_called(
    tenant: Tenant, other_tenant: Tenant, agent: VoiceAgent, people: Any, client: Any
) -> None:
    from tests.factories.leads import LeadFactory

    foreign = create(other_tenant, LeadFactory, phone="+442079461111")
    own = people(1)
    batch = batch_of(send(client, "from-leads/", {"ids": [str(foreign.pk), str(own[0].pk)], "agent": agent.pk}))
    run_jobs()
    assert [entry.lead_id for entry in entries_of(batch)] == [own[0].pk]


def test_a_batch_whose_people_may_all_not_be_called_is_over_and_says_so(
    tenant: Tenant, policy: ContactPolicy, agent: VoiceAgent, people: Any, client: Any
) -> None:
    leads = people(2)
    not_callable(tenant, policy, leads, consenting=0)
    batch = batch_of(send(client, "from-leads/", {"ids": [str(lead.pk) for lead in leads], "agent": agent.pk}))
    run_jobs()
    batch = again(batch)
    assert (batch.status, batch.total_calls, bool(batch.finished_at)) == (BatchStatus.FAILED, 0, True)
    assert batch.pause_reason == "Nobody of 2 people can be called. The job that added them says why."


def test_a_file_is_looked_at_and_its_columns_become_variables(
    tenant: Tenant, policy: ContactPolicy, agent: VoiceAgent, client: Any
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(country="GB")
    seen = send_file(client, "preview-file/", CSV).json()
    assert seen["columns"] == {
        "phone": "Mobile phone",
        "first_name": "First name",
        "last_name": "Surname",
        "context": "Notes",
    }
    assert seen["variables"] == {"Team size": "team_size", "City": "city"}
    assert (seen["total"], seen["skipped"], seen["callable_now"]) == (5, 3, 2)
    assert [problem["line"] for problem in seen["problems"]] == [5, 6, 7]
    batch = batch_of(send_file(client, "from-file/", CSV, agent=agent.pk, base_context="They visited our stand."))
    run_jobs()
    first, second = entries_of(batch)
    assert first.to_phone == "+442079460001"
    assert first.metadata == {
        "lead_name": "Ada Lovelace",
        "context": "Likes maths",
        "entry_index": 2,
        "variables": {"team_size": "12", "city": "London"},
    }
    assert second.metadata["variables"] == {"team_size": "7", "city": "Wilmslow"}
    batch = again(batch)
    assert batch.metadata == {"base_context": "They visited our stand."}


def test_a_workbook_is_read_and_the_column_of_numbers_can_be_named(
    policy: ContactPolicy, agent: VoiceAgent, client: Any
) -> None:
    content = workbook([["Who", "Reach"], ["Ada", "+442079460001"], ["Alan", 442079460002.0]])
    refused = send_file(client, "from-file/", content, "people.xlsx", agent=agent.pk)
    assert problem(refused) == (400, "no_phone_column")
    assert "Who, Reach" in refused.json()["detail"]
    unknown = send_file(client, "from-file/", content, "people.xlsx", agent=agent.pk, columns='{"phone": "Tel"}')
    assert "columns" in field_problems(unknown)
    named = send_file(
        client,
        "from-file/",
        content,
        "people.xlsx",
        agent=agent.pk,
        columns='{"phone": "Reach", "name": "Who"}',
    )
    batch = batch_of(named)
    run_jobs()
    assert [entry.metadata["lead_name"] for entry in entries_of(batch)] == ["Ada"]


def test_more_people_than_fit_into_a_request_come_in_parts_and_each_once(
    policy: ContactPolicy, agent: VoiceAgent, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"+4420{number:08d}" for number in range(79460000, 79460000 + 2_500)]
    content = "\n".join(["phone", *lines, lines[0]]).encode()
    batch = batch_of(send_file(client, "from-file/", content, agent=agent.pk))
    assert len(lines) > 2 * jobs.PART_SIZE
    run_jobs()
    batch = again(batch)
    assert (batch.total_calls, len(entries_of(batch)), batch.paused_at) == (2_500, 2_500, None)
    with platform_context():
        job = Job.objects.get()
        assert (job.state, job.result) == (JobState.SUCCEEDED, {"changed": 2_500, "unchanged": 1})


def test_a_number_that_a_lead_has_is_called_as_that_lead_and_by_its_permission(
    tenant: Tenant, policy: ContactPolicy, agent: VoiceAgent, people: Any, client: Any
) -> None:
    known, stopped = people(2)
    stop(tenant, stopped)
    answer = send(client, "", {"agent": agent.pk, "entries": [{"phone": known.phone}, {"phone": stopped.phone}]}).json()
    assert [row["verdict"] for row in answer["verdicts"]] == ["queued", "refused"]
    assert "do-not-contact list" in answer["verdicts"][1]["detail"]
    with platform_context():
        assert CallBatchEntry.objects.get().lead_id == known.pk


def test_people_are_added_to_a_batch_that_runs_but_not_to_one_that_is_over(
    tenant: Tenant, people: Any, client: Any
) -> None:
    leads = people(3)
    batch = create(tenant, CallBatchFactory, status=BatchStatus.RUNNING, started_at=timezone.now())
    body = {"entries": [{"lead": str(leads[0].pk)}, {"lead": str(leads[0].pk)}]}
    answer = send(client, f"{batch.pk}/entries/", body)
    assert [row["verdict"] for row in answer.json()["verdicts"]] == ["queued", "duplicate"]
    assert send(client, f"{batch.pk}/entries/", body).json()["verdicts"][0]["verdict"] == "duplicate"
    batch_of(send(client, f"{batch.pk}/leads/", {"ids": [str(lead.pk) for lead in leads]}))
    batch = again(batch)
    assert batch.pause_reason == FILLING
    assert problem(client.post(f"{URL}{batch.pk}/resume/")) == (409, "batch_being_filled")
    run_jobs()
    batch = again(batch)
    assert (batch.total_calls, batch.paused_at, batch.status) == (3, None, BatchStatus.RUNNING)
    client.post(f"{URL}{batch.pk}/cancel/")
    assert problem(send(client, f"{batch.pk}/entries/", body)) == (409, "batch_is_over")
    assert problem(send(client, f"{batch.pk}/leads/", {"filter": {}})) == (409, "batch_is_over")


def test_a_batch_that_somebody_paused_stays_paused_when_it_is_filled(
    agent: VoiceAgent, people: Any, client: Any
) -> None:
    batch = batch_of(send(client, "from-leads/", {"ids": [str(lead.pk) for lead in people(1)], "agent": agent.pk}))
    client.post(f"{URL}{batch.pk}/pause/", {"reason": "Wait for me"}, format="json")
    run_jobs()
    batch = again(batch)
    assert (batch.total_calls, batch.pause_reason) == (1, "Wait for me")


def test_cancelling_the_batch_ends_the_job_and_cancelling_the_job_leaves_the_batch_paused(
    agent: VoiceAgent, people: Any, client: Any
) -> None:
    chosen = [str(lead.pk) for lead in people(2)]
    first = batch_of(send(client, "from-leads/", {"ids": chosen, "agent": agent.pk}))
    client.post(f"{URL}{first.pk}/cancel/")
    run_jobs()
    assert entries_of(first) == []
    answer = send(client, "from-leads/", {"ids": chosen, "agent": agent.pk})
    second = batch_of(answer)
    assert client.post(f"/api/v1/jobs/{answer.json()['job']['id']}/cancel/").status_code == 200
    with platform_context():
        assert settle_filled() == 1
        assert settle_filled() == 0
    second = again(second)
    assert second.pause_reason.startswith("Adding people ended early, with 0 in the batch.")
    assert client.post(f"{URL}{second.pk}/resume/").json()["paused_at"] is None


def test_a_batch_starts_with_the_agent_and_number_of_the_users_profile(
    tenant: Tenant, policy: ContactPolicy, member: User, client: Any
) -> None:
    body = {"entries": [{"phone": "+442079460123"}]}
    assert "agent" in field_problems(send(client, "", body))
    profile = create(tenant, VoiceProfileFactory, user=member)
    shown = send(client, "", body).json()
    assert (shown["agent"], shown["from_number"]) == (profile.default_agent_id, str(profile.default_number_id))
    chosen = create(tenant, VoiceAgentFactory)
    shown = send(client, "", {**body, "agent": chosen.pk, "from_number": None}).json()
    assert (shown["agent"], shown["from_number"]) == (chosen.pk, None)


def test_an_agents_restricted_voice_is_for_those_who_are_permitted(
    tenant: Tenant, policy: ContactPolicy, member: User, owner: User, api: Any
) -> None:
    from tests.factories.voice import VoiceFactory

    voice = create(tenant, VoiceFactory)
    agent = create(tenant, VoiceAgentFactory, voice=voice)
    create(tenant, VoicePermissionFactory, number=None, voice=voice, user=owner)
    body = {"agent": agent.pk, "entries": [{"phone": "+442079460123"}]}
    assert problem(send(api(member), "", body)) == (403, "voice_not_permitted")
    assert send(api(owner), "", body).status_code == 201


def test_a_preview_needs_no_batch_and_a_viewer_makes_none(viewer: User, api: Any, people: Any) -> None:
    body = {"ids": [str(lead.pk) for lead in people(1)]}
    assert problem(api(viewer).post(f"{URL}preview/", body, format="json"))[0] == 403
    assert problem(send(api(viewer), "from-leads/", body))[0] == 403
    with platform_context():
        assert Lead.objects.count() == 1
        assert not CallBatch.objects.exists()


def test_a_number_of_the_tenant_can_be_left_to_the_dialer(
    tenant: Tenant, policy: ContactPolicy, agent: VoiceAgent, client: Any
) -> None:
    create(tenant, VoiceNumberFactory)
    body = {"agent": agent.pk, "entries": [{"phone": "+442079460123", "variables": {"team_size": "12", "empty": ""}}]}
    assert send(client, "", body).json()["from_number"] is None
    with platform_context():
        assert CallBatchEntry.objects.get().metadata["variables"] == {"team_size": "12"}

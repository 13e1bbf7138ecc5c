"""A job changes each of its rows exactly once, whatever happens to its workers."""

import os
import signal
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from lad.audit.models import AuditEntry
from lad.jobs import parts, queue, recovery, services, worker
from lad.jobs.kinds import Rows, Verdict
from lad.jobs.models import Job, JobFailure, JobPart, JobState
from lad.jobs.parts import Step
from lad.tenancy.context import platform_context
from leads.contacts import jobs
from leads.contacts.models import Lead
from leads.pipeline.models import LeadStage
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Membership, Tenant
from tests.lad.jobs.conftest import PART_SIZE, POISON, MakeKind, NotThisOne, refuse_poison
from tests.support.database import one, stored
from tests.support.events import events
from tests.support.forks import in_child
from tests.support.jobs import change_job, make_leads, run_jobs, start_job

PAST = timedelta(seconds=-1)


def archived(tenant: Tenant) -> int:
    with platform_context(tenant_id=tenant.pk):
        return int(Lead.objects.filter(is_archived=True).count())


def failures(job: Job) -> list[tuple[str, str, str]]:
    with platform_context():
        return list(JobFailure.objects.filter(job=job.pk).values_list("label", "verdict", "reason"))


def let_lease_expire(job: Job) -> None:
    change_job(job, lease_until=timezone.now() + PAST)


def one_part(job: Job) -> Step:
    """Run one part of a claimed job."""
    kind, access = worker._allowed(job)
    return parts.run_part(job, kind, access)


def test_a_job_changes_every_row_once_on_behalf_of_its_user(tenant: Tenant, member: User) -> None:
    make_leads(tenant.pk, 1_200)
    job = start_job(jobs.MOVE, tenant.pk, member.pk, stage="won")
    assert (job.title, job.total, job.state) == ("Move 1,200 leads to “Won”", 1_200, JobState.QUEUED)
    run_jobs()
    job = stored(job)
    assert (job.state, job.done, job.failed, job.skipped) == (JobState.SUCCEEDED, 1_200, 0, 0)
    assert job.result == {"changed": 1_200, "unchanged": 0}
    moved = events("leads.lead.stage_changed", tenant.pk)
    assert len({event.aggregate_id for event in moved}) == len(moved) == 1_200
    assert {event.metadata["actor_id"] for event in moved} == {str(member.pk)}
    with platform_context():
        logged = AuditEntry.objects.filter(table_name="leads", request_id=str(job.pk), actor_id=member.pk)
        assert sum(logged.values_list("row_count", flat=True)) == 1_200
        assert set(logged.values_list("source", flat=True)) == {"job leads.move"}
        assert not JobPart.objects.exists()


def test_rows_that_need_no_change_are_done_and_deleted_ones_are_skipped(tenant: Tenant, member: User) -> None:
    make_leads(tenant.pk, 2, stage="won")
    make_leads(tenant.pk, 3, stage="new", source="later")
    job = start_job(jobs.MOVE, tenant.pk, member.pk, stage="won")
    with platform_context(tenant_id=tenant.pk):
        Lead.objects.filter(source="later", last_name="000001").delete()
    run_jobs()
    job = stored(job)
    assert (job.state, job.done, job.skipped, job.result) == (
        JobState.SUCCEEDED,
        4,
        1,
        {"changed": 2, "unchanged": 2},
    )
    assert failures(job) == [("Lead 000001", Verdict.SKIPPED, jobs.GONE)]


def test_a_row_that_fails_is_reported_and_does_not_stop_the_rest(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    make_leads(tenant.pk, 10)
    job = start_job(make_kind(refuse_poison), tenant.pk, member.pk)
    run_jobs()
    assert (stored(job).state, stored(job).done, stored(job).failed) == (JobState.SUCCEEDED, 9, 1)
    assert failures(job) == [(f"Lead {POISON}", Verdict.FAILED, NotThisOne.default_detail())]
    assert archived(tenant) == 9


def test_an_unexpected_error_is_reported_without_its_text(tenant: Tenant, member: User, make_kind: MakeKind) -> None:
    def break_down(rows: Rows) -> None:
        raise RuntimeError("secret of the inside")

    make_leads(tenant.pk, 1)
    job = start_job(make_kind(break_down), tenant.pk, member.pk)
    run_jobs()
    assert failures(job) == [("Lead 000001", Verdict.FAILED, parts.UNEXPECTED)]


def test_a_running_job_that_is_cancelled_stops_between_two_parts(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    make_leads(tenant.pk, 3 * PART_SIZE)
    job = start_job(make_kind(), tenant.pk, member.pk)
    claimed = queue.claim()
    assert claimed is not None
    assert one_part(claimed) == Step.CONTINUE
    with platform_context():
        assert services.cancel(job=job).state == JobState.RUNNING
    worker.run_slice(claimed)
    job = stored(job)
    assert (job.state, job.done, archived(tenant)) == (JobState.CANCELLED, PART_SIZE, PART_SIZE)
    assert job.finished_at is not None
    run_jobs()
    assert archived(tenant) == PART_SIZE


def test_a_waiting_job_is_cancelled_at_once(tenant: Tenant, member: User) -> None:
    make_leads(tenant.pk, 1)
    job = start_job(jobs.ARCHIVE, tenant.pk, member.pk)
    with platform_context():
        assert services.cancel(job=job).state == JobState.CANCELLED
        with pytest.raises(services.JobOver):
            services.cancel(job=job)
    run_jobs()
    assert archived(tenant) == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_a_part_loses_and_repeats_no_row(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    calls = []

    def die_in_the_second_part(rows: Rows) -> None:
        calls.append(rows)
        if os.getpid() != parent and len(calls) == 2:
            Lead.objects.filter(pk__in=rows.keys).update(is_archived=True)
            os.kill(os.getpid(), signal.SIGKILL)

    parent = os.getpid()
    make_leads(tenant.pk, 3 * PART_SIZE)
    job = start_job(make_kind(die_in_the_second_part), tenant.pk, member.pk)
    assert in_child(run_jobs) == signal.SIGKILL
    assert (stored(job).state, stored(job).done, archived(tenant)) == (JobState.RUNNING, PART_SIZE, PART_SIZE)
    run_jobs()
    assert stored(job).done == PART_SIZE, "the lease still runs"
    let_lease_expire(job)
    run_jobs()
    assert (stored(job).state, stored(job).done, archived(tenant)) == (
        JobState.SUCCEEDED,
        3 * PART_SIZE,
        3 * PART_SIZE,
    )


def test_a_worker_that_lost_its_lease_changes_nothing_any_more(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    make_leads(tenant.pk, 2 * PART_SIZE)
    job = start_job(make_kind(), tenant.pk, member.pk)
    late = queue.claim()
    assert late is not None
    let_lease_expire(job)
    recovery.recover()
    second = queue.claim()
    assert second is not None
    assert one_part(late) == Step.LEAVE
    assert archived(tenant) == 0
    worker.run_slice(late)
    assert stored(job).state == JobState.RUNNING
    assert one_part(second) == Step.CONTINUE
    assert archived(tenant) == PART_SIZE


def test_a_worker_that_loses_its_lease_during_a_part_rolls_the_part_back(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    make_leads(tenant.pk, PART_SIZE)
    kind = make_kind(lambda rows: change_job(one(Job), attempts=7))
    start_job(kind, tenant.pk, member.pk)
    claimed = queue.claim()
    assert claimed is not None
    assert one_part(claimed) == Step.LEAVE
    assert archived(tenant) == 0


def test_a_row_that_kills_its_worker_is_isolated_and_reported(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    make_leads(tenant.pk, PART_SIZE)
    job = start_job(make_kind(), tenant.pk, member.pk)
    with platform_context(tenant_id=tenant.pk):
        first = str(Lead.objects.order_by("pk").values_list("pk", flat=True)[0])
    for _ in range(3):
        assert queue.claim() is not None
        let_lease_expire(job)
        recovery.recover()
    assert (stored(job).failed, stored(job).state) == (1, JobState.QUEUED)
    with platform_context():
        assert list(JobFailure.objects.values_list("row_id", "reason")) == [(first, recovery.ROW_KILLS)]
    run_jobs()
    assert (stored(job).state, stored(job).done, archived(tenant)) == (JobState.SUCCEEDED, PART_SIZE - 1, PART_SIZE - 1)


def test_a_job_with_outside_effects_is_unknown_after_a_crash_until_somebody_decides(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    make_leads(tenant.pk, 1)
    job = start_job(make_kind(outside_effects=True), tenant.pk, member.pk)
    assert queue.claim() is not None
    let_lease_expire(job)
    run_jobs()
    assert (stored(job).state, stored(job).error, archived(tenant)) == (JobState.UNKNOWN, recovery.WORKER_DIED, 0)
    with platform_context():
        services.resume(job=job)
    run_jobs()
    assert (stored(job).state, archived(tenant)) == (JobState.SUCCEEDED, 1)
    with platform_context(), pytest.raises(services.JobNotResumable):
        services.resume(job=job)


def test_a_job_stops_when_its_user_loses_the_right_and_can_be_resumed(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    make_leads(tenant.pk, 2 * PART_SIZE)
    job = start_job(make_kind(), tenant.pk, member.pk)
    _set_role(member, Role.VIEWER)
    run_jobs()
    job = stored(job)
    assert (job.state, archived(tenant)) == (JobState.FAILED, 0)
    assert job.error.startswith(f"{member.full_name} may not do this any more")
    _set_role(member, Role.MEMBER)
    with platform_context():
        services.resume(job=job)
    run_jobs()
    assert (stored(job).state, archived(tenant)) == (JobState.SUCCEEDED, 2 * PART_SIZE)


def _set_role(user: User, role: Role) -> None:
    with platform_context():
        Membership.objects.filter(user=user.pk).update(role=role)


def test_a_job_that_is_possible_for_no_row_fails_as_a_whole(tenant: Tenant, member: User) -> None:
    make_leads(tenant.pk, 3)
    job = start_job(jobs.MOVE, tenant.pk, member.pk, stage="lost")
    with platform_context(tenant_id=tenant.pk):
        LeadStage.objects.filter(key="lost").delete()
    run_jobs()
    assert (stored(job).state, stored(job).failed) == (JobState.FAILED, 0)


def test_a_part_that_waits_too_long_for_a_locked_row_is_tried_again_later(
    tenant: Tenant, member: User, make_kind: MakeKind
) -> None:
    def locked(rows: Rows) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    make_leads(tenant.pk, 1)
    job = start_job(make_kind(locked), tenant.pk, member.pk)
    run_jobs()
    job = stored(job)
    assert (job.state, job.crashes, job.failed) == (JobState.QUEUED, 1, 0)
    assert job.next_attempt_at is not None
    assert job.next_attempt_at > timezone.now()


def test_a_large_job_of_one_tenant_lets_a_small_one_of_another_pass(
    tenant: Tenant, other_tenant: Tenant, member: User, other_owner: User, make_kind: MakeKind
) -> None:
    kind = make_kind()
    make_leads(tenant.pk, 3 * PART_SIZE)
    large = [start_job(kind, tenant.pk, member.pk) for _ in range(3)]
    make_leads(other_tenant.pk, 1)
    small = start_job(kind, other_tenant.pk, other_owner.pk)
    first = queue.claim()
    assert first is not None
    assert first.pk == large[0].pk
    worker.run_slice(first, seconds=0)
    assert stored(large[0]).state == JobState.QUEUED
    second = queue.claim()
    assert second is not None
    assert second.pk == small.pk


def test_only_so_many_jobs_run_at_once(tenant: Tenant, member: User) -> None:
    make_leads(tenant.pk, 1)
    for _ in range(2):
        start_job(jobs.ARCHIVE, tenant.pk, member.pk)
    assert queue.claim() is not None
    assert queue.claim() is None


def test_jobs_that_finished_long_ago_are_deleted(tenant: Tenant, member: User) -> None:
    make_leads(tenant.pk, 1)
    old, recent = (start_job(jobs.ARCHIVE, tenant.pk, member.pk) for _ in range(2))
    run_jobs()
    change_job(old, finished_at=timezone.now() - timedelta(days=91))
    assert services.purge(now=timezone.now()) == 1
    with platform_context():
        assert list(Job.objects.values_list("pk", flat=True)) == [recent.pk]

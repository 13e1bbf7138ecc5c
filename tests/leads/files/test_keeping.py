"""The clean-up of deleted files and orphaned objects."""

import io
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.files import services, tasks
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tests.leads.files.conftest import URL, row_of, stored

AN_HOUR = timedelta(hours=1)


def purge(django_capture_on_commit_callbacks: Any, **since: Any) -> int:
    with django_capture_on_commit_callbacks(execute=True), platform_context():
        return services.purge(now=timezone.now() + settings.ATTACHMENT_RETENTION + timedelta(**since))


def put(lead: Lead, attachment_id: UUID) -> str:
    key = f"{lead.tenant_id}/{lead.pk}/{attachment_id}.pdf"
    store.put(key, io.BytesIO(b"left behind"))
    return key


def old_id() -> UUID:
    """Return the id of an attachment created two days ago."""
    return UUID(int=uuid7().int - (2 * 24 * 3600 * 1000 << 80))


def test_a_deleted_file_is_kept_while_it_can_be_restored(
    api: Any, member: Any, attached: dict[str, Any], django_capture_on_commit_callbacks: Any
) -> None:
    api(member).delete(f"{URL}{attached['id']}/")
    assert purge(django_capture_on_commit_callbacks, hours=-1) == 0
    assert stored() == [row_of(attached).file_url]
    assert api(member).post(f"{URL}{attached['id']}/restore/").status_code == 200


def test_an_expired_file_is_purged_with_its_row(
    api: Any, member: Any, attached: dict[str, Any], upload: Any, django_capture_on_commit_callbacks: Any
) -> None:
    kept = upload(member, "kept.pdf").json()
    api(member).delete(f"{URL}{attached['id']}/")
    assert purge(django_capture_on_commit_callbacks, hours=1) == 1
    with platform_context():
        assert [str(row.pk) for row in LeadAttachment.all_objects.all()] == [kept["id"]]
    assert stored() == [row_of(kept).file_url]


def test_a_file_that_cannot_be_removed_is_removed_later(
    api: Any, member: Any, attached: dict[str, Any], django_capture_on_commit_callbacks: Any
) -> None:
    api(member).delete(f"{URL}{attached['id']}/")
    with patch.object(store.storage(), "delete", side_effect=OSError("busy")):
        assert purge(django_capture_on_commit_callbacks, hours=1) == 1
    assert len(stored()) == 1
    assert services.remove_orphaned_files(now=timezone.now() + 2 * services.MIN_ORPHAN_AGE) == 1
    assert stored() == []


def test_an_orphaned_object_is_removed_after_a_day(lead: Lead, attached: dict[str, Any]) -> None:
    known, orphan, fresh = row_of(attached).file_url, put(lead, old_id()), put(lead, uuid7())
    assert services.remove_orphaned_files(now=timezone.now()) == 1
    assert stored() == sorted([known, fresh])
    assert orphan not in stored()


def test_the_file_of_a_deleted_attachment_is_not_an_orphan(api: Any, member: Any, attached: dict[str, Any]) -> None:
    api(member).delete(f"{URL}{attached['id']}/")
    assert services.remove_orphaned_files(now=timezone.now() + timedelta(days=3)) == 0
    assert stored() == [row_of(attached).file_url]


def test_objects_that_lad_did_not_write_stay(lead: Lead) -> None:
    strange = ["readme.txt", f"{lead.tenant_id}/export.zip", f"{lead.tenant_id}/{lead.pk}/scan.pdf"]
    for key in strange:
        store.put(key, io.BytesIO(b"somebody else's"))
    assert services.remove_orphaned_files(now=timezone.now() + timedelta(days=3)) == 0
    assert stored() == sorted(strange)


def test_the_command_lists_and_removes_orphans(lead: Lead, other_lead: Lead, capsys: Any) -> None:
    own, other = put(lead, old_id()), put(other_lead, old_id())
    call_command("sweep_attachments", "--dry-run")
    said = capsys.readouterr().out
    assert own in said
    assert "2 files would be removed." in said
    call_command("sweep_attachments", "--tenant", str(lead.tenant_id))
    assert stored() == [other]


def test_every_tenant_is_due_once_a_day(tenant: Any, other_tenant: Any) -> None:
    midnight = timezone.now().replace(hour=0)
    with platform_context():
        turns = [services.tenants_due(now=midnight + hour * AN_HOUR) for hour in range(24)]
    assert sorted(pk for turn in turns for pk in turn) == sorted([tenant.pk, other_tenant.pk])


@pytest.mark.django_db(transaction=True)
def test_the_task_purges_and_starts_the_clean_up_of_due_tenants(lead: Lead, celery_app_eager: None) -> None:
    orphan = put(lead, old_id())
    with platform_context():
        row = LeadAttachment.objects.create(
            lead=lead,
            tenant_id=lead.tenant_id,
            file_url=put(lead, uuid7()),
            file_name="old.pdf",
            file_type="application/pdf",
            file_size=1,
            checksum="0" * 64,
            deleted_at=timezone.now() - settings.ATTACHMENT_RETENTION - AN_HOUR,
        )
    with patch.object(services, "tenants_due", return_value=[lead.tenant_id]):
        tasks.clean_up_attachments()
    assert orphan not in stored()
    assert row.file_url not in stored()
    with platform_context():
        assert not LeadAttachment.all_objects.filter(pk=row.pk).exists()

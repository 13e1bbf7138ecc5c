"""Files in the admin."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.files.conftest import body_of, row_of, stored
from tests.leads.files.contents import EXE, PDF

ADD = "admin:leads_leadattachment_add"


@pytest.fixture
def browser(superuser: User, tenant: Tenant) -> Client:
    client = Client()
    client.force_login(superuser)
    session = client.session
    session["tenant_id"] = str(tenant.pk)
    session.save()
    return client


def send(browser: Client, lead: Lead, name: str, content: bytes, **more: Any) -> Any:
    return browser.post(reverse(ADD), {"lead": str(lead.pk), "file": SimpleUploadedFile(name, content), **more})


def test_a_file_is_put_on_a_lead_in_the_admin(browser: Client, lead: Lead, superuser: User) -> None:
    assert 'enctype="multipart/form-data"' in browser.get(reverse(ADD)).content.decode()
    assert send(browser, lead, "offer.pdf", PDF).status_code == 302
    with platform_context():
        [row] = LeadAttachment.objects.all()
    assert (row.lead_id, row.tenant_id, row.uploaded_by_user_id) == (lead.pk, lead.tenant_id, superuser.pk)
    assert stored() == [row.file_url]


def test_the_admin_refuses_what_the_api_refuses_and_says_why(browser: Client, lead: Lead) -> None:
    response = send(browser, lead, "offer.pdf", EXE)
    assert response.status_code == 200
    assert "Its content is no PDF" in response.content.decode()
    assert stored() == []


def test_too_large_a_file_is_answered_with_a_page_that_says_so(browser: Client, lead: Lead, settings: Any) -> None:
    settings.UPLOAD_MAX_SIZE = 1000
    response = send(browser, lead, "notes.txt", b"x" * 2000)
    assert response.status_code == 413
    assert "at most" in response.content.decode()
    assert stored() == []


def test_a_platform_wide_upload_goes_where_the_lead_is(
    superuser: User, lead: Lead, tenant: Tenant, other_tenant: Tenant
) -> None:
    client = Client()
    client.force_login(superuser)
    wrong = send(client, lead, "offer.pdf", PDF, tenant=str(other_tenant.pk))
    assert wrong.status_code == 200
    assert stored() == []
    assert send(client, lead, "offer.pdf", PDF, tenant=str(tenant.pk)).status_code == 302
    with platform_context():
        assert LeadAttachment.objects.get().tenant_id == tenant.pk


def test_the_admin_hands_out_a_link_to_the_file(browser: Client, attached: dict[str, Any]) -> None:
    response = browser.get(reverse("admin:leads_leadattachment_download", args=[attached["id"]]))
    assert response.status_code == 302
    served = Client().get(response["Location"])
    assert body_of(served) == PDF


def test_a_deleted_file_is_not_handed_out(browser: Client, attached: dict[str, Any]) -> None:
    browser.post(reverse("admin:leads_leadattachment_delete", args=[attached["id"]]), {"post": "yes"})
    url = reverse("admin:leads_leadattachment_download", args=[attached["id"]])
    response = browser.get(url, follow=True)
    assert "restore it first" in response.content.decode()


def test_staff_of_another_tenant_find_no_file(other_owner: User, attached: dict[str, Any]) -> None:
    with platform_context():
        User.objects.filter(pk=other_owner.pk).update(is_staff=True)
    client = Client()
    client.force_login(other_owner)
    url = reverse("admin:leads_leadattachment_download", args=[attached["id"]])
    assert client.get(url).status_code == 404


def test_a_file_that_the_platform_attached_is_seen_by_the_tenants_staff(
    browser: Client, lead: Lead, owner: User
) -> None:
    send(browser, lead, "offer.pdf", PDF)
    with platform_context():
        User.objects.filter(pk=owner.pk).update(is_staff=True)
        [row] = LeadAttachment.objects.all()
    client = Client()
    client.force_login(owner)
    for url in (
        reverse("admin:leads_leadattachment_changelist"),
        reverse("admin:leads_leadattachment_change", args=[row.pk]),
        reverse("admin:leads_lead_change", args=[lead.pk]),
    ):
        page = client.get(url)
        assert page.status_code == 200
        assert "offer.pdf" in page.content.decode()


def test_a_file_is_attached_on_the_page_of_its_lead(browser: Client, lead: Lead) -> None:
    url = reverse("admin:leads_lead_attach", args=[lead.pk])
    assert 'enctype="multipart/form-data"' in browser.get(url).content.decode()
    refused = browser.post(url, {"file": SimpleUploadedFile("offer.pdf", EXE)})
    assert "Its content is no PDF" in refused.content.decode()
    assert stored() == []
    assert browser.post(url, {"file": SimpleUploadedFile("offer.pdf", PDF)}).status_code == 302
    with platform_context():
        assert LeadAttachment.objects.get().lead_id == lead.pk


def test_who_may_not_attach_is_not_asked_for_a_file(tenant: Tenant, viewer: User, lead: Lead) -> None:
    with platform_context():
        User.objects.filter(pk=viewer.pk).update(is_staff=True)
    client = Client()
    client.force_login(viewer)
    assert client.post(reverse("admin:leads_lead_attach", args=[lead.pk])).status_code == 403
    assert client.get(reverse(ADD)).status_code == 403


def test_the_admin_renames_and_never_replaces(browser: Client, attached: dict[str, Any]) -> None:
    url = reverse("admin:leads_leadattachment_change", args=[attached["id"]])
    page = browser.get(url).content.decode()
    assert 'type="file"' not in page
    assert browser.post(url, {"file_name": "other.pdf"}).status_code == 302
    row = row_of(attached)
    assert row.file_name == "other.pdf"
    with store.get(row.file_url) as kept:
        assert kept.read() == PDF

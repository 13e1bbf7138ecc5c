"""Files in the admin."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.files.conftest import URL, body_of, row_of, stored
from tests.leads.files.contents import EXE, PDF
from tests.support.api import problem

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


def test_a_file_is_attached_in_the_admin(browser: Client, lead: Lead, superuser: User) -> None:
    assert 'enctype="multipart/form-data"' in browser.get(reverse(ADD)).content.decode()
    assert send(browser, lead, "offer.pdf", PDF).status_code == 302
    with platform_context():
        [row] = LeadAttachment.objects.all()
    assert (row.lead_id, row.tenant_id, row.uploaded_by_user_id) == (lead.pk, lead.tenant_id, superuser.pk)
    assert stored() == [row.file_url]


def test_the_admin_rejects_what_the_api_rejects_and_says_why(browser: Client, lead: Lead) -> None:
    response = send(browser, lead, "offer.pdf", EXE)
    assert response.status_code == 200
    assert "Its content is not PDF" in response.content.decode()
    assert stored() == []


def test_the_limit_is_on_the_form_and_on_its_field_when_a_file_exceeds_it(
    browser: Client, lead: Lead, settings: Any
) -> None:
    settings.UPLOAD_MAX_SIZE = 2 * 1024**2
    limit = "A file can be at most 2 MB."
    for url in (reverse(ADD), reverse("admin:leads_lead_attach", args=[lead.pk])):
        page = browser.get(url).content.decode()
        assert f"{limit} Accepted types: " in page
        assert f'data-max-bytes="{2 * 1024**2}"' in page
        assert "lad/admin/upload.js" in page
        files = {"file": SimpleUploadedFile("notes.txt", b"x" * (2 * 1024**2 + 1))}
        refused = browser.post(url, {"lead": str(lead.pk), **files})
        assert refused.status_code == 200
        assert f"notes.txt is 2.1 MB. {limit}" in refused.content.decode()
        assert "This field is required" not in refused.content.decode()
    assert stored() == []


@pytest.mark.parametrize("who", ["web server", "proxy"])
def test_a_form_whose_body_is_refused_is_shown_again_with_the_limit_on_its_field(
    browser: Client, member: User, api: Any, lead: Lead, settings: Any, who: str
) -> None:
    settings.UPLOAD_MAX_SIZE, settings.UPLOAD_FORM_OVERHEAD = 1000, 0
    body = {"lead": str(lead.pk), "file": SimpleUploadedFile("notes.txt", b"x" * 2000)}
    form = encode_multipart(BOUNDARY, body) if who == "web server" else b""
    method = "POST" if who == "web server" else "GET"

    def send_to(client: Any, url: str) -> Any:
        said = {} if who == "web server" else {"X-Refused-Body": "yes"}
        return client.generic(method, url, form, MULTIPART_CONTENT, headers=said, CONTENT_TYPE=MULTIPART_CONTENT)

    for url in (reverse(ADD), reverse("admin:leads_lead_attach", args=[lead.pk])):
        response = send_to(browser, url)
        assert response.status_code == 200
        assert "nothing was saved. A file can be at most 1 KB." in response.content.decode()
    assert send_to(browser, "/admin/").status_code == 413
    answer = send_to(api(member), URL)
    assert problem(answer) == (413, "upload_too_large")
    assert "at most" in answer.json()["detail"]
    assert stored() == []


def test_an_upload_by_platform_staff_belongs_to_the_leads_tenant(
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


def test_the_admin_links_to_the_file(browser: Client, attached: dict[str, Any]) -> None:
    response = browser.get(reverse("admin:leads_leadattachment_download", args=[attached["id"]]))
    assert response.status_code == 302
    served = Client().get(response["Location"])
    assert body_of(served) == PDF


def test_a_deleted_file_cannot_be_downloaded(browser: Client, attached: dict[str, Any]) -> None:
    browser.post(reverse("admin:leads_leadattachment_delete", args=[attached["id"]]), {"post": "yes"})
    url = reverse("admin:leads_leadattachment_download", args=[attached["id"]])
    response = browser.get(url, follow=True)
    assert "Restore it first" in response.content.decode()


def test_staff_of_another_tenant_find_no_file(other_owner: User, attached: dict[str, Any]) -> None:
    with platform_context():
        User.objects.filter(pk=other_owner.pk).update(is_staff=True)
    client = Client()
    client.force_login(other_owner)
    url = reverse("admin:leads_leadattachment_download", args=[attached["id"]])
    assert client.get(url).status_code == 404


def test_a_file_attached_by_platform_staff_is_visible_to_the_tenant(browser: Client, lead: Lead, owner: User) -> None:
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
    assert "Its content is not PDF" in refused.content.decode()
    assert stored() == []
    assert browser.post(url, {"file": SimpleUploadedFile("offer.pdf", PDF)}).status_code == 302
    with platform_context():
        assert LeadAttachment.objects.get().lead_id == lead.pk


def test_the_attach_action_is_hidden_without_its_right(tenant: Tenant, viewer: User, lead: Lead) -> None:
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

"""How a file leaves: by a signed link, for a while, of its own tenant."""

import io
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.files import links
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tenants.teams.models import Tenant, TenantStatus
from tests.leads.files.conftest import URL, body_of, row_of
from tests.leads.files.contents import HTML, PDF, TEXT
from tests.support.api import problem


def link_of(api: Any, user: Any, shown: dict[str, Any]) -> str:
    response = api(user).get(f"{URL}{shown['id']}/download/")
    assert response.status_code == 200, response.content
    parts = urlsplit(response.json()["url"])
    return f"{parts.path}?{parts.query}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_link_gives_the_file_to_whoever_holds_it(api: Any, member: Any, attached: dict[str, Any]) -> None:
    response = Client().get(link_of(api, member, attached))
    assert response.status_code == 200
    assert body_of(response) == PDF
    assert response["Content-Length"] == str(len(PDF))
    assert response["Content-Type"] == "application/pdf"


def test_a_file_is_saved_and_never_shown(api: Any, member: Any, upload: Any) -> None:
    response = Client().get(link_of(api, member, upload(member, "Grüße.txt", TEXT).json()))
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"


def test_a_viewer_may_download_and_a_stranger_may_not(api: Any, viewer: Any, attached: dict[str, Any]) -> None:
    assert Client().get(link_of(api, viewer, attached)).status_code == 200
    assert problem(api().get(f"{URL}{attached['id']}/download/"))[0] == 401


def test_nobody_asks_for_a_link_to_another_tenants_file(
    api: Any, other_owner: Any, attached: dict[str, Any], member: Any
) -> None:
    assert problem(api(other_owner).get(f"{URL}{attached['id']}/download/")) == (404, "not_found")


def test_a_link_ends(api: Any, member: Any, attached: dict[str, Any], settings: Any) -> None:
    settings.ATTACHMENT_LINK_LIFETIME = timedelta(seconds=0)
    answer = api(member).get(f"{URL}{attached['id']}/download/").json()
    assert _moment(answer["expires_at"]) <= timezone.now()
    parts = urlsplit(answer["url"])
    assert problem(Client().get(f"{parts.path}?{parts.query}")) == (403, "link_expired")


def test_a_link_says_when_it_ends(api: Any, member: Any, attached: dict[str, Any], settings: Any) -> None:
    answer = api(member).get(f"{URL}{attached['id']}/download/").json()
    left = _moment(answer["expires_at"]) - timezone.now()
    assert timedelta(0) < left <= settings.ATTACHMENT_LINK_LIFETIME


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_link_that_was_altered_leads_nowhere(api: Any, member: Any, attached: dict[str, Any], place: int) -> None:
    path, _, query = link_of(api, member, attached).partition("?")
    [token] = parse_qs(query)["token"]
    letter = "A" if token[place] != "A" else "B"
    altered = token[:place] + letter + (token[place + 1 :] if place != -1 else "")
    assert problem(Client().get(path, {"token": altered})) == (404, "link_invalid")


@pytest.mark.parametrize("token", ["", "x", "a:b", "::", "é", "0" * 5000])
def test_a_token_of_ones_own_making_leads_nowhere(attached: dict[str, Any], token: str) -> None:
    assert problem(Client().get(f"{URL}{attached['id']}/file/", {"token": token})) == (404, "link_invalid")


def test_a_link_signed_for_something_else_leads_nowhere(attached: dict[str, Any]) -> None:
    row = row_of(attached)
    claim = [row.tenant_id.hex, row.pk.hex, 2**40]
    for salt in ("lad.api.cursor", "", "leads"):
        token = signing.Signer(salt=salt or None).sign_object(claim)
        assert problem(Client().get(f"{URL}{row.pk}/file/", {"token": token})) == (404, "link_invalid")


def test_a_link_opens_its_own_file_and_no_other(api: Any, member: Any, upload: Any, attached: dict[str, Any]) -> None:
    second = upload(member, "notes.txt", TEXT).json()
    _path, _, query = link_of(api, member, attached).partition("?")
    assert problem(Client().get(f"{URL}{second['id']}/file/?{query}")) == (404, "link_invalid")


def test_a_link_of_one_tenant_to_the_file_of_another_leads_nowhere(
    attached: dict[str, Any], other_tenant: Tenant
) -> None:
    row = row_of(attached)
    link = links.make_link(tenant_id=other_tenant.pk, attachment_id=row.pk, now=timezone.now())
    assert problem(Client().get(link.path)) == (404, "not_found")


def test_a_deleted_file_ends_its_links_and_a_restored_one_renews_them(
    api: Any, member: Any, attached: dict[str, Any]
) -> None:
    link = link_of(api, member, attached)
    assert api(member).delete(f"{URL}{attached['id']}/").status_code == 204
    assert problem(Client().get(link)) == (404, "not_found")
    assert problem(api(member).get(f"{URL}{attached['id']}/download/")) == (404, "not_found")
    assert api(member).post(f"{URL}{attached['id']}/restore/").status_code == 200
    assert Client().get(link).status_code == 200


def test_the_files_of_a_deleted_lead_are_out_of_reach(
    api: Any, member: Any, lead: Lead, attached: dict[str, Any]
) -> None:
    link = link_of(api, member, attached)
    assert api(member).delete(f"/api/v1/leads/{lead.pk}/").status_code == 204
    assert problem(Client().get(link)) == (404, "not_found")


@pytest.mark.parametrize(
    ("status", "code"), [(TenantStatus.SUSPENDED, "tenant_suspended"), (TenantStatus.CANCELLED, "tenant_cancelled")]
)
def test_a_closed_tenant_ends_its_links(
    api: Any, member: Any, attached: dict[str, Any], tenant: Tenant, status: str, code: str
) -> None:
    link = link_of(api, member, attached)
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=status)
    assert problem(Client().get(link)) == (403, code)


def test_a_file_that_is_gone_is_said_to_be_gone(api: Any, member: Any, attached: dict[str, Any]) -> None:
    link = link_of(api, member, attached)
    store.remove(row_of(attached).file_url)
    assert problem(Client().get(link)) == (404, "file_missing")


def test_somebody_signed_in_elsewhere_follows_a_link_as_anybody_does(
    api: Any, member: Any, other_owner: Any, attached: dict[str, Any]
) -> None:
    assert api(other_owner).get(link_of(api, member, attached)).status_code == 200


def test_content_that_slipped_in_is_still_only_saved(api: Any, member: Any, attached: dict[str, Any]) -> None:
    row = row_of(attached)
    store.remove(row.file_url)
    with platform_context():
        LeadAttachment.objects.filter(pk=row.pk).update(file_type="text/html", file_name="page.html")
    store.put(row.file_url, io.BytesIO(HTML))
    response = Client().get(link_of(api, member, attached))
    assert response["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response["Content-Security-Policy"]

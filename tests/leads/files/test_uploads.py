"""Uploads: the files that are accepted, and how they are stored."""

import hashlib
import io
import zipfile
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from lad.api.uploads import SizeLimit
from lad.tenancy.context import current_scope, platform_context
from leads.contacts.models import Lead
from leads.files.inspection import kind_of
from leads.files.kinds import BY_EXTENSION, FileRejected
from leads.files.models import LeadAttachment
from leads.files.names import extension_of, safe_name
from leads.files.storage import store
from tests.leads.files.conftest import URL, row_of, stored
from tests.leads.files.contents import BAD, GOOD, HTML, JPEG, PDF, archive
from tests.support.api import field_problems, problem


def test_files_are_judged_by_their_content() -> None:
    judged = {name: kind_of(io.BytesIO(content), extension_of(name)).media_type for name, (content, _) in GOOD.items()}
    assert judged == {name: media_type for name, (_, media_type) in GOOD.items()}
    assert {extension_of(name) for name in GOOD} >= {*BY_EXTENSION} - {"oga", "m4v", "tif"}


def test_disguised_and_active_files_are_rejected() -> None:
    for what, (name, content) in BAD.items():
        with pytest.raises(FileRejected):
            pytest.fail(f"{what} is taken for {kind_of(io.BytesIO(content), extension_of(name)).label}")
    assert len(BAD) > 40


@pytest.mark.parametrize("name", ["offer.pdf", "photo.JPEG", "photo.heic", "letter.doc", "mail.eml", "all.zip"])
def test_a_file_is_stored_with_its_detected_type(upload: Any, member: Any, lead: Lead, name: str) -> None:
    content, media_type = GOOD[name]
    response = upload(member, name, content)
    assert response.status_code == 201, response.content
    shown = response.json()
    assert shown["lead"] == str(lead.pk)
    assert (shown["file_name"], shown["file_type"], shown["file_size"]) == (name, media_type, len(content))
    assert shown["checksum"] == hashlib.sha256(content).hexdigest()
    assert shown["uploaded_by_user"] == str(member.pk)
    with store.get(row_of(shown).file_url) as kept:
        assert kept.read() == content


@pytest.mark.parametrize("what", ["a program by its name", "nothing at all"])
def test_a_rejected_file_is_not_stored(upload: Any, member: Any, what: str) -> None:
    name, content = BAD[what]
    response = upload(member, name, content)
    assert problem(response) == (400, "file_refused")
    assert response.json()["errors"]["file"]
    assert stored() == []


def test_an_archive_with_a_huge_directory_is_rejected_unread(upload: Any, member: Any) -> None:
    many = archive(*(f"word/{number}" for number in range(20_001)), "[Content_Types].xml")
    with patch.object(zipfile, "ZipInfo", side_effect=AssertionError("it was read")):
        assert problem(upload(member, "cv.docx", many)) == (400, "file_refused")


def test_markup_late_in_a_text_is_found(upload: Any, member: Any) -> None:
    response = upload(member, "page.txt", b" " * 200_000 + HTML)
    assert problem(response) == (400, "file_refused")


def test_the_storage_key_consists_of_ids_only(upload: Any, member: Any, lead: Lead) -> None:
    row = row_of(upload(member, "../../etc/shell.php.JPEG", JPEG).json())
    assert row.file_url == f"{lead.tenant_id}/{lead.pk}/{row.pk}.jpg"
    assert row.file_name == "shell.php.JPEG"
    assert stored() == [row.file_url]


def test_the_storage_key_is_never_shown(attached: dict[str, Any]) -> None:
    assert "file_url" not in attached
    assert attached["download"] == f"{URL}{attached['id']}/download/"


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("offer.pdf", "offer.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\eve\\offer.pdf", "offer.pdf"),
        ("invoice\u202efdp.exe.pdf", "invoicefdp.exe.pdf"),
        ("of\u200bfer\x00\r\n.pdf", "offer.pdf"),
        ("عرض ٢٠٢٦.pdf", "عرض ٢٠٢٦.pdf"),
        ("Cafe\u0301.pdf", "Café.pdf"),
        ('a<b>:"c|d?*.pdf', "a_b___c_d__.pdf"),
        ("  ...offer. .pdf ", "offer.pdf"),
        ("con.pdf", "con_.pdf"),
        ("..", "file"),
        ("", "file"),
        ("/", "file"),
    ],
)
def test_a_file_name_is_made_safe_and_stays_readable(given: str, safe: str) -> None:
    assert safe_name(given) == safe


@pytest.mark.parametrize("letter", ["x", "ж", "語", "🎓"])
def test_a_long_file_name_is_cut_before_its_extension(letter: str) -> None:
    name = safe_name(f"{letter * 400}.pdf")
    assert name.endswith(f"{letter}.pdf")
    assert len(name.encode()) <= 255


def test_a_misleading_file_name_is_cleaned(upload: Any, member: Any) -> None:
    shown = upload(member, "Invoice\u202egpj.pdf").json()
    assert shown["file_name"] == "Invoicegpj.pdf"


def test_a_file_may_have_the_maximum_size_and_no_more(upload: Any, member: Any, settings: Any) -> None:
    settings.UPLOAD_MAX_SIZE = 100_000
    assert upload(member, "a.txt", b"x" * 100_000).status_code == 201
    response = upload(member, "b.txt", b"x" * 100_001)
    assert problem(response) == (413, "upload_too_large")
    assert "at most" in response.json()["detail"]
    assert len(stored()) == 1


def test_a_request_that_is_too_large_is_rejected_before_it_is_read(upload: Any, member: Any, settings: Any) -> None:
    settings.UPLOAD_MAX_SIZE = 1000
    with patch.object(TemporaryFileUploadHandler, "receive_data_chunk", side_effect=AssertionError("it was read")):
        assert problem(upload(member, "a.txt", b"x" * 400_000)) == (413, "upload_too_large")


def test_a_large_file_waits_on_disk_rather_than_in_memory(upload: Any, member: Any, settings: Any) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    shown = upload(member, "a.txt", b"x" * 50_000).json()
    assert shown["file_size"] == 50_000
    with store.get(row_of(shown).file_url) as kept:
        assert kept.read() == b"x" * 50_000


def test_a_rejected_row_leaves_no_object(upload: Any, member: Any) -> None:
    with patch.object(LeadAttachment, "clean_fields", side_effect=ZeroDivisionError), pytest.raises(ZeroDivisionError):
        upload(member)
    assert stored() == []


def test_a_failed_upload_leaves_no_row(upload: Any, member: Any) -> None:
    with patch.object(store.storage(), "save", side_effect=OSError("disk full")):
        assert problem(upload(member)) == (503, "storage_unavailable")
    with platform_context():
        assert not LeadAttachment.all_objects.exists()
    assert stored() == []


def test_a_slow_upload_keeps_no_transaction_open(upload: Any, member: Any) -> None:
    scopes = []

    def note(handler: Any, chunk: bytes, start: int) -> bytes:
        scopes.append(current_scope())
        return chunk

    with patch.object(SizeLimit, "receive_data_chunk", note):
        assert upload(member).status_code == 201
    assert scopes == [None]


def test_a_body_that_is_not_a_form_is_rejected(api: Any, member: Any, lead: Lead) -> None:
    assert "file" in field_problems(api(member).post(URL, {"lead": str(lead.pk), "file": "text"}, format="json"))
    broken = api(member).generic("POST", URL, b"--nonsense", content_type="multipart/form-data")
    assert problem(broken) == (400, "bad_request")


def test_an_upload_needs_a_lead_and_one_file_only(api: Any, member: Any, lead: Lead) -> None:
    assert set(field_problems(api(member).post(URL, {}, format="multipart"))) == {"lead", "file"}
    body = {"lead": str(lead.pk), "file_url": "elsewhere", "checksum": "0" * 64}
    assert {"file_url", "checksum"} <= set(field_problems(api(member).post(URL, body, format="multipart")))


def test_a_file_cannot_be_attached_to_another_tenants_lead(
    upload: Any, member: Any, other_lead: Lead, viewer: Any
) -> None:
    assert field_problems(upload(member, to=other_lead)) == {"lead": ["There is no such lead here."]}
    assert problem(upload(viewer)) == (403, "missing_right")
    assert stored() == []


def test_renaming_a_file_keeps_its_extension(api: Any, member: Any, attached: dict[str, Any]) -> None:
    def rename(name: str) -> str:
        response = api(member).patch(f"{URL}{attached['id']}/", {"file_name": name}, format="json")
        assert response.status_code == 200, response.content
        return str(response.json()["file_name"])

    assert rename("Angebot.pdf") == "Angebot.pdf"
    assert rename("../up.exe") == "up.exe.pdf"
    assert rename("plain") == "plain.pdf"
    assert row_of(attached).file_type == "application/pdf"


def test_the_lead_of_a_file_cannot_change(api: Any, member: Any, attached: dict[str, Any], other_lead: Lead) -> None:
    response = api(member).patch(f"{URL}{attached['id']}/", {"lead": str(other_lead.pk)}, format="json")
    assert "lead" in field_problems(response)


def test_an_upload_repeated_under_one_key_happens_once(upload: Any, member: Any, settings: Any) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    large = PDF + b" " * 50_000
    first = upload(member, content=large, HTTP_IDEMPOTENCY_KEY="upload-1")
    again = upload(member, content=large, HTTP_IDEMPOTENCY_KEY="upload-1")
    assert first.status_code == 201, first.content
    assert again["Idempotent-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = upload(member, content=large + b" ", HTTP_IDEMPOTENCY_KEY="upload-1")
    assert problem(other) == (409, "idempotency_key_reused")
    assert len(stored()) == 1


def test_a_lead_is_read_with_its_files(api: Any, member: Any, lead: Lead, attached: dict[str, Any]) -> None:
    shown = api(member).get(f"/api/v1/leads/{lead.pk}/", {"include": "attachments"}).json()
    assert [each["id"] for each in shown["attachments"]["results"]] == [attached["id"]]

"""Files that go with a mail, read back without the library that wrote them; and what identifies its campaign."""

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.composing.attachments import MAX_BYTES, attached_files
from campaigns.channels.email.composing.mime import compose
from campaigns.channels.sending import worker
from campaigns.messages.models import Message, MessageState
from lad import writes
from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Purpose
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.test_composing import made
from tests.factories.leads import LeadFactory
from tests.leads.files.contents import PDF
from tests.support.database import stored
from tests.support.sandbox import Sandbox

Queued = tuple[Message, list[LeadAttachment]]
FILES = {
    "offer.pdf": PDF,
    "Grüße aus Köln.pdf": PDF,
    "日本語の見積書.txt": "Tarif für März\n".encode(),
    "two words, and a comma.txt": b"a" * 200,
}


@pytest.fixture(autouse=True)
def _own_directory(settings: Any, tmp_path: Any) -> None:
    files = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "attachments"), "file_permissions_mode": 0o600},
    }
    settings.STORAGES = {**settings.STORAGES, "attachments": files}


@pytest.fixture
def queue_with(
    tenant: Tenant, account: EmailAccount, queue: Any
) -> Callable[..., tuple[Message, list[LeadAttachment]]]:
    """``queue_with(files)`` queues a message to a lead that has these files, by name, and sends them with it."""

    def make(files: dict[str, bytes]) -> tuple[Message, list[LeadAttachment]]:
        with platform_context(tenant_id=tenant.pk):
            lead = LeadFactory.create(email="ada@people.example")
        rows = []
        with tenant_context(tenant.pk):
            for name, content in files.items():
                upload = SimpleUploadedFile("replaced", content)
                upload._name = name  # type: ignore[attr-defined]  # the raw name, as in a request
                rows.append(writes.create(LeadAttachment, {"lead": lead, "upload": upload}))
        [message] = queue(account, lead_id=lead.pk, attachment_ids=[row.pk for row in rows])
        return message, rows

    return make


def parts_of(content: bytes) -> list[tuple[str, bytes]]:
    """Return name and content of each file of a mail, by RFC 2045, 2183 and 2231."""
    head, _end, body = content.partition(b"\r\n\r\n")
    boundary = re.search(rb'boundary="([^"]+)"', head)
    assert boundary is not None
    files = []
    for part in body.split(b"--" + boundary[1])[1:-1]:
        described, _end, encoded = part.partition(b"\r\n\r\n")
        unfolded = re.sub(rb"\r\n[ \t]", b" ", described).decode("ascii")
        if "Content-Disposition: attachment" not in unfolded:
            continue
        assert "Content-Transfer-Encoding: base64" in unfolded
        files.append((name_of(unfolded.split("Content-Disposition: attachment", 1)[1]), b64decode(encoded)))
    return files


def name_of(parameters: str) -> str:
    pieces = sorted(re.findall(r"filename\*(\d*)\*?=\"?([^\";\s]+)", parameters), key=lambda piece: int(piece[0] or 0))
    if not pieces:
        plain = re.search(r'filename="([^"]*)"', parameters)
        assert plain is not None
        return plain[1]
    charset, _language, name = "".join(value for _number, value in pieces).split("'", 2)
    return unquote(name, charset)


def test_files_arrive_whole_under_their_names(sandbox: Sandbox, tenant: Tenant, queue_with: Any) -> None:
    message, rows = queue_with(FILES)
    with tenant_context(tenant.pk):
        mail = compose(message, message.email_account, attached_files(message))
    found = parts_of(mail.content)
    assert [name for name, _content in found] == [row.file_name for row in rows] == list(FILES)
    assert [content for _name, content in found] == list(FILES.values())
    assert worker.send_due() == {"sent": 1}
    arrived = sandbox.sent_to("ada@people.example")[0]
    assert [part.get_filename() for part in arrived.walk() if part.get_filename()] == list(FILES)


def delete_one(rows: list[LeadAttachment]) -> None:
    writes.delete(rows[0])


def lose_one(rows: list[LeadAttachment]) -> None:
    store.remove(rows[0].file_url)


@pytest.mark.parametrize(
    ("sizes", "happens", "error"),
    [
        ((10,), delete_one, "A file of the message was deleted."),
        ((10,), lose_one, "The file “file0.txt” is missing in the storage."),
        ((MAX_BYTES // 2, MAX_BYTES // 2 + 2), None, "The files are larger than 15 MB together. Send a link instead."),
    ],
)
def test_a_file_that_cannot_be_sent_says_why(
    sandbox: Sandbox, tenant: Tenant, queue_with: Any, sizes: tuple[int, ...], happens: Any, error: str
) -> None:
    message, rows = queue_with({f"file{number}.txt": b"a" * size for number, size in enumerate(sizes)})
    if happens is not None:
        with tenant_context(tenant.pk):
            happens(rows)
    assert worker.send_due() == {"refused": 1}
    row = stored(message)
    assert row.state == MessageState.FAILED
    assert row.error.startswith(error)
    assert sandbox.log("submission") == []


def test_a_file_of_another_lead_is_not_sent(
    sandbox: Sandbox, account: EmailAccount, queue: Any, queue_with: Any
) -> None:
    _own, rows = queue_with({"offer.pdf": PDF})
    [other] = queue(account, attachment_ids=[row.pk for row in rows])
    assert worker.send_due() == {"sent": 1, "refused": 1}
    assert stored(other).state == MessageState.FAILED
    assert sandbox.sent_to(other.to_address) == []


def test_a_mail_names_its_campaign_and_no_other_does() -> None:
    account, campaign = EmailAccount(email="maya@kestrel.example"), uuid7()
    outreach = made(purpose=Purpose.OUTREACH, campaign_id=campaign)
    expected = f"Feedback-ID: {campaign.hex[-12:]}:{outreach.tenant_id.hex[-12:]}:mail:lad\r\n"
    assert expected.encode() in compose(outreach, account).content
    for other in (made(purpose=Purpose.OUTREACH), made(purpose=Purpose.SERVICE, campaign_id=campaign)):
        assert b"Feedback-ID" not in compose(other, account).content

"""The files of leads that go with a mail."""

from dataclasses import dataclass
from typing import Final

from campaigns.messages.models import Message
from lad.db.identifiers import uuid_or_none
from leads.files.models import LeadAttachment
from leads.files.storage import store

# Encoded for mail it grows by a third, and many servers refuse more than 25 MB.
MAX_BYTES: Final = 15_000_000


class AttachmentMissing(ValueError):
    """A file of the message cannot be sent. The text says which and why."""


@dataclass(frozen=True, slots=True)
class Attached:
    """One file of a mail."""

    name: str
    media_type: str
    content: bytes


def attached_files(message: Message) -> list[Attached]:
    """Return the files of a message, in its order. Raises AttachmentMissing, and StorageUnavailable for a while.

    Only files of the message's own lead are sent.
    """
    wanted = [uuid_or_none(each) for each in message.attachment_ids]
    if not wanted:
        return []
    rows = LeadAttachment.objects.filter(tenant=message.tenant_id, lead=message.lead_id, pk__in=[*filter(None, wanted)])
    found = {row.pk: row for row in rows}
    if len(found) < len(set(wanted)):
        raise AttachmentMissing("A file of the message was deleted. Attach it again and send the message again.")
    files = [found[each] for each in wanted if each is not None]
    if sum(each.file_size for each in files) > MAX_BYTES:
        raise AttachmentMissing(f"The files are larger than {MAX_BYTES // 1_000_000} MB together. Send a link instead.")
    return [Attached(each.file_name, each.file_type, _content(each)) for each in files]


def _content(row: LeadAttachment) -> bytes:
    try:
        with store.get(row.file_url) as file:
            return bytes(file.read())
    except store.FileMissing as error:
        text = f"The file “{row.file_name}” is missing in the storage. Upload it again and send the message again."
        raise AttachmentMissing(text) from error

"""Read new messages of a mailbox's folders by their UIDs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.imapclient import JUNK

from campaigns.accounts.mailbox.imap import sent_folder
from campaigns.channels.email.receiving.parsing import MAX_HEADER_BYTES, MAX_MESSAGE_BYTES

# How far back the first reading of a folder goes.
FIRST_READING: Final = timedelta(days=3)
# What may have been missed when a server numbers its messages anew, beside all since the last reading.
OVERLAP: Final = timedelta(days=2)
HEADERS: Final = b"BODY.PEEK[HEADER]<0.%d>" % MAX_HEADER_BYTES
CONTENT: Final = b"BODY.PEEK[]<0.%d>" % MAX_MESSAGE_BYTES
RECEIVED: Final = b"INTERNALDATE"
INBOX: Final = "INBOX"
SENT: Final = "sent"
JUNK_NAMES: Final = (
    "Junk",
    "Spam",
    "INBOX.Junk",
    "INBOX.Spam",
    "Junk E-mail",
    "Junk Email",
    "[Gmail]/Spam",
    "Bulk Mail",
)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a folder was read: its UIDVALIDITY and the last UID."""

    validity: int = 0
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as the server gave it. ``at`` is when the server received it."""

    uid: int
    at: datetime
    content: bytes


def folders_of(client: IMAPClient) -> dict[str, str]:
    """Return the names of the folders to read: the inbox, the junk, and the sent messages as ``sent``."""
    folders = client.list_folders()
    names = {str(name).casefold(): str(name) for _flags, _delimiter, name in folders}
    marked = [str(name) for flags, _delimiter, name in folders if JUNK in flags]
    junk = next(iter(marked), "") or next(
        (names[each.casefold()] for each in JUNK_NAMES if each.casefold() in names), ""
    )
    sent = sent_folder(client)
    return {INBOX: INBOX, **({"junk": junk} if junk else {}), **({SENT: sent} if sent else {})}


def unread(
    client: IMAPClient, folder: str, position: Position, *, now: datetime, last_read: datetime | None, limit: int
) -> tuple[Position, list[int]]:
    """Select the folder and return where it stands and the next UIDs to read, the oldest first.

    A folder that is read for the first time begins a few days ago, whatever its size. One whose UIDVALIDITY has
    changed is read again from shortly before the last reading: what is recorded already is left out later.
    """
    selected = client.select_folder(folder, readonly=True)
    validity = int(selected.get(b"UIDVALIDITY", 0))
    following = int(selected.get(b"UIDNEXT", 0))
    if validity == position.validity:
        if following and following <= position.uid + 1:
            return position, []
        # The server answers with the last message even if it is older.
        uids = sorted(uid for uid in client.search([b"UID", b"%d:*" % (position.uid + 1)]) if uid > position.uid)
        return position, uids[:limit]
    since = now - FIRST_READING if not position.validity or last_read is None else last_read - OVERLAP
    uids = sorted(client.search(["SINCE", since.date()]))
    begin = uids[0] - 1 if uids else max(following - 1, 0)
    return Position(validity, begin), uids[:limit]


def fetch(client: IMAPClient, uids: Sequence[int], *, what: bytes) -> Iterator[Raw]:
    """Yield the messages with their headers or content, up to the limits, in the order of their UIDs."""
    if not uids:
        return
    client.normalise_times = False
    answers: Mapping[int, Mapping[bytes, Any]] = client.fetch(list(uids), [what, RECEIVED])
    for uid in sorted(answers):
        values = answers[uid]
        content = next((value for name, value in values.items() if name.startswith(b"BODY[")), b"")
        at = values.get(RECEIVED)
        yield Raw(uid, at if isinstance(at, datetime) else datetime.now(UTC), content or b"")

"""Mailboxes of senders: sign-in, folders and messages. Simulated people have none; the log is all they keep."""

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from typing import Any, Final

from sandbox.core import Core
from sandbox.reserved import is_reserved

INBOX: Final = "INBOX"
SENT: Final = "Sent"
JUNK: Final = "Junk"
SPECIAL_USE: Final = {SENT: "\\Sent", JUNK: "\\Junk", "Drafts": "\\Drafts", "Trash": "\\Trash"}
MESSAGE_ID: Final = re.compile(rb"^message-id:\s*(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)
HEADER_END: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Mailbox:
    """One account that signs in to SMTP and IMAP."""

    address: str
    username: str
    password: str
    # Whether the server puts a copy of what it accepts into Sent, as Google and Microsoft do.
    saves_sent: bool


@dataclass(frozen=True)
class Folder:
    id: int
    name: str
    uid_validity: int
    uid_next: int


@dataclass(frozen=True)
class StoredMail:
    uid: int
    flags: str
    received: float
    size: int


class Mailboxes:
    """Reads and writes mailboxes and tells those who listen to a folder that it changed."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._storage = core.storage
        self._listeners: dict[int, set[Callable[[], None]]] = {}
        self._known: dict[str, Mailbox] = {}
        self.open = core.open_mailboxes
        storage = core.storage
        storage.create(
            "mailboxes",
            "address TEXT PRIMARY KEY, username TEXT NOT NULL, password TEXT NOT NULL, saves_sent INTEGER NOT NULL",
        )
        storage.create(
            "folders",
            "id INTEGER PRIMARY KEY, address TEXT NOT NULL, name TEXT NOT NULL, uid_validity INTEGER NOT NULL,"
            " uid_next INTEGER NOT NULL, UNIQUE (address, name)",
        )
        storage.create(
            "mails",
            "folder INTEGER NOT NULL, uid INTEGER NOT NULL, flags TEXT NOT NULL, received REAL NOT NULL,"
            " message_id TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (folder, uid)",
            index="folder, message_id",
        )

    def save(self, values: dict[str, Any]) -> Mailbox:
        """Create or change a mailbox. Only what is named changes."""
        address = str(values["address"]).lower()
        before = self.get(address) or Mailbox(address, address, "", False)
        mailbox = Mailbox(
            address,
            str(values.get("username", before.username)),
            str(values.get("password", before.password)),
            bool(values.get("saves_sent", before.saves_sent)),
        )
        with self._storage.transaction():
            self._storage.execute(
                "INSERT OR REPLACE INTO mailboxes VALUES (?, ?, ?, ?)",
                mailbox.address,
                mailbox.username,
                mailbox.password,
                mailbox.saves_sent,
            )
            for name in (INBOX, *SPECIAL_USE):
                self.create_folder(address, name)
        self._known.clear()
        return mailbox

    def delete(self, address: str) -> None:
        with self._storage.transaction():
            self._storage.execute(
                "DELETE FROM mails WHERE folder IN (SELECT id FROM folders WHERE address = ?)", address
            )
            self._storage.execute("DELETE FROM folders WHERE address = ?", address)
            self._storage.execute("DELETE FROM mailboxes WHERE address = ?", address)
        self._known.clear()

    def forget(self) -> None:
        """Drop what is kept in memory, after the storage was cleared."""
        self._known.clear()
        self._listeners.clear()
        self.open = self._core.open_mailboxes

    def all(self) -> list[Mailbox]:
        return [_mailbox(row) for row in self._storage.rows("SELECT * FROM mailboxes ORDER BY address")]

    def addresses(self) -> list[str]:
        return [mailbox.address for mailbox in self.all()]

    def get(self, address: str) -> Mailbox | None:
        """Return the mailbox of an address; name+detail@domain belongs to name@domain."""
        address = without_detail(address)
        if (known := self._known.get(address)) is None:
            row = self._storage.row("SELECT * FROM mailboxes WHERE address = ?", address)
            if row is None:
                return None
            known = self._known[address] = _mailbox(row)
        return known

    def sign_in(self, username: str, password: str) -> Mailbox | None:
        """Return the mailbox that this name and password open, or None."""
        row = self._storage.row("SELECT address FROM mailboxes WHERE username = ? OR address = ?", username, username)
        if row is None:
            if self.open and password and is_reserved(username.partition("@")[2]):
                return self.save({"address": username, "password": password})
            return None
        mailbox = self.get(row[0])
        matches = mailbox is not None and hmac.compare_digest(mailbox.password.encode(), password.encode())
        return mailbox if matches and password else None

    def folders(self, address: str) -> list[Folder]:
        rows = self._storage.rows(
            "SELECT id, name, uid_validity, uid_next FROM folders WHERE address = ? ORDER BY id", address
        )
        return [Folder(*row) for row in rows]

    def folder(self, address: str, name: str) -> Folder | None:
        name = INBOX if name.upper() == INBOX else name
        row = self._storage.row(
            "SELECT id, name, uid_validity, uid_next FROM folders WHERE address = ? AND name = ?", address, name
        )
        return Folder(*row) if row else None

    def create_folder(self, address: str, name: str) -> None:
        """Create a folder unless there is one of this name."""
        validity = self._core.chance("uid validity", address, name).randint(1_000_000, 2**31)
        self._storage.execute(
            "INSERT OR IGNORE INTO folders (address, name, uid_validity, uid_next) VALUES (?, ?, ?, 1)",
            address,
            name,
            validity,
        )

    def renumber(self, address: str, name: str) -> Folder | None:
        """Give a folder a new UIDVALIDITY and its messages new UIDs, as servers do after a repair."""
        folder = self.folder(address, name)
        if folder is None:
            return None
        with self._storage.transaction():
            uids = self.uids(folder.id)
            for place, uid in enumerate(uids):
                self._storage.execute(
                    "UPDATE mails SET uid = ? WHERE folder = ? AND uid = ?", -place - 1, folder.id, uid
                )
            self._storage.execute("UPDATE mails SET uid = -uid WHERE folder = ?", folder.id)
            self._storage.execute(
                "UPDATE folders SET uid_validity = uid_validity + 1, uid_next = ? WHERE id = ?",
                len(uids) + 1,
                folder.id,
            )
        return self.folder(address, name)

    def add(self, folder: Folder, content: bytes, *, flags: str = "", received: float | None = None) -> int:
        """Store a message and return its UID."""
        with self._storage.transaction():
            row = self._storage.row(
                "UPDATE folders SET uid_next = uid_next + 1 WHERE id = ? RETURNING uid_next - 1", folder.id
            )
            if row is None:
                raise LookupError(f"The folder {folder.name} was deleted.")
            self._storage.execute(
                "INSERT INTO mails VALUES (?, ?, ?, ?, ?, ?)",
                folder.id,
                row[0],
                flags,
                self._core.clock.now() if received is None else received,
                message_id_of(content),
                content,
            )
        self.changed(folder.id)
        return int(row[0])

    def uids(self, folder: int, *, after: int = 0) -> list[int]:
        rows = self._storage.rows("SELECT uid FROM mails WHERE folder = ? AND uid > ? ORDER BY uid", folder, after)
        return [row[0] for row in rows]

    def mail(self, folder: int, uid: int) -> StoredMail | None:
        row = self._storage.row(
            "SELECT uid, flags, received, length(content) FROM mails WHERE folder = ? AND uid = ?", folder, uid
        )
        return StoredMail(*row) if row else None

    def content(self, folder: int, uid: int) -> bytes:
        row = self._storage.row("SELECT content FROM mails WHERE folder = ? AND uid = ?", folder, uid)
        return row[0] if row else b""

    def with_message_id(self, folder: int, message_id: str) -> list[int]:
        rows = self._storage.rows(
            "SELECT uid FROM mails WHERE folder = ? AND message_id = ? ORDER BY uid", folder, message_id
        )
        return [row[0] for row in rows]

    def set_flags(self, folder: int, uid: int, flags: Sequence[str]) -> None:
        self._storage.execute("UPDATE mails SET flags = ? WHERE folder = ? AND uid = ?", " ".join(flags), folder, uid)

    def remove(self, folder: int, uids: Sequence[int]) -> None:
        with self._storage.transaction():
            for uid in uids:
                self._storage.execute("DELETE FROM mails WHERE folder = ? AND uid = ?", folder, uid)
        self.changed(folder)

    def listen(self, folder: int, listener: Callable[[], None]) -> None:
        self._listeners.setdefault(folder, set()).add(listener)

    def stop_listening(self, folder: int, listener: Callable[[], None]) -> None:
        self._listeners.get(folder, set()).discard(listener)

    def changed(self, folder: int) -> None:
        for listener in tuple(self._listeners.get(folder, ())):
            listener()


def without_detail(address: str) -> str:
    local, at, domain = address.lower().rpartition("@")
    return local.partition("+")[0] + at + domain


def header_of(content: bytes) -> bytes:
    end = HEADER_END.search(content)
    return content[: end.end()] if end else content


def header_fields(content: bytes) -> Message:
    """Return the header, with raw UTF-8 in it read as such."""
    return message_from_string(header_of(content).decode(errors="replace"))


def message_id_of(content: bytes) -> str:
    """Return the Message-ID with its brackets, or an empty text."""
    found = MESSAGE_ID.search(header_of(content))
    return found[1].decode(errors="replace") if found else ""


def digest(content: bytes) -> str:
    """Return what the log writes of a content: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]


def _mailbox(row: tuple[Any, ...]) -> Mailbox:
    return Mailbox(row[0], row[1], row[2], bool(row[3]))

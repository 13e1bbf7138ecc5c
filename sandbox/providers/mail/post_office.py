"""Takes accepted messages over: log, queue, sent copy, delivery to mailboxes and to simulated people."""

from typing import Any, Final

from sandbox.core import Core
from sandbox.faults import Fault
from sandbox.providers.mail.mailboxes import INBOX, SENT, Mailbox, Mailboxes, digest, message_id_of
from sandbox.providers.mail.people import People
from sandbox.providers.mail.smtp import Refusal

PRUNE_EVERY: Final = 200
MAX_UNFINISHED: Final = 1000


class PostOffice:
    """Between the submission server and those who receive."""

    def __init__(self, core: Core, mailboxes: Mailboxes, *, keep: int) -> None:
        self._core = core
        self._mailboxes = mailboxes
        self.people = People(core, self.deliver)
        # How many contents are kept for questions.
        self.keep = keep
        self._kept = 0
        core.storage.create(
            "queue",
            "n INTEGER PRIMARY KEY, message_id TEXT NOT NULL, account TEXT NOT NULL, recipient TEXT NOT NULL,"
            " accepted REAL NOT NULL, sha256 TEXT NOT NULL",
            index="message_id",
        )
        core.storage.create("contents", "n INTEGER PRIMARY KEY, content BLOB NOT NULL")
        self._follow_log()

    def refuse(self, account: str, recipient: str) -> Refusal | None:
        if self._mailboxes.get(recipient) is not None:
            return None
        return self.people.refuse(account, recipient)

    def fault(self, stage: str, recipient: str) -> Fault | None:
        return self.people.fault(stage, recipient)

    def accept(self, account: Mailbox, sender: str, recipients: list[str], content: bytes) -> str:
        """Log the message and hand it on. What the log has was accepted, whatever the client learns."""
        message_id, sha256 = message_id_of(content), digest(content)
        with self._core.storage.transaction():
            numbers = [
                self._submit(account.address, recipient, message_id, sha256, content) for recipient in recipients
            ]
            if account.saves_sent and (sent := self._mailboxes.folder(account.address, SENT)):
                self._mailboxes.add(sent, content, flags="\\Seen")
                self._core.log.write("sent_copy", account=account.address, message_id=message_id, sha256=sha256)
            for recipient in recipients:
                self._hand_over(account.address, sender or account.address, recipient, message_id, content)
        return f"{numbers[0]:010X}"

    def deliver(self, address: str, content: bytes, *, kind: str, folder: str = INBOX, **facts: Any) -> bool:
        """Put what a person or a server sends into a mailbox, and log it. Return False if there is no such mailbox."""
        mailbox = self._mailboxes.get(address)
        place = self._mailboxes.folder(mailbox.address, folder) if mailbox else None
        self._core.log.write(
            kind,
            account=address,
            message_id=message_id_of(content),
            sha256=digest(content),
            delivered=place is not None,
            **facts,
        )
        if place is not None:
            self._mailboxes.add(place, content)
        return place is not None

    def submissions(self, message_id: str) -> list[dict[str, Any]]:
        """Return what was accepted with this Message-ID, oldest first."""
        rows = self._core.storage.rows(
            "SELECT n, message_id, account, recipient, accepted, sha256 FROM queue WHERE message_id = ? ORDER BY n",
            message_id,
        )
        names = ("n", "message_id", "account", "recipient", "accepted", "sha256")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def content(self, number: int) -> bytes | None:
        """Return the content of a submission by its number in the log, or None if it is not kept."""
        row = self._core.storage.row("SELECT content FROM contents WHERE n = ?", number)
        return row[0] if row else None

    def duplicates(self) -> int:
        """Return how many submissions repeat an earlier one of the same Message-ID to the same recipient."""
        row = self._core.storage.row("SELECT count(*) - count(DISTINCT message_id || ' ' || recipient) FROM queue")
        return int(row[0]) if row else 0

    def _submit(self, account: str, recipient: str, message_id: str, sha256: str, content: bytes) -> int:
        number = self._core.log.write(
            "submission",
            message_id=message_id,
            account=account,
            recipient=recipient,
            sha256=sha256,
            size=len(content),
        )
        self._core.storage.execute(
            "INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?)",
            number,
            message_id,
            account,
            recipient,
            self._core.clock.now(),
            sha256,
        )
        if self.keep:
            self._core.storage.execute("INSERT INTO contents VALUES (?, ?)", number, content)
            self._kept += 1
            if self._kept % PRUNE_EVERY == 0:
                self._prune()
        return number

    def _follow_log(self) -> None:
        """Enter what the log knows and the queue does not, because the process was killed in between."""
        row = self._core.storage.row("SELECT max(n) FROM queue")
        last = row[0] or 0 if row else 0
        for entry in self._core.log.read(since=last, kinds={"submission"}, limit=MAX_UNFINISHED):
            values = (entry["n"], entry["message_id"], entry["account"], entry["recipient"])
            self._core.storage.execute(
                "INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?)", *values, self._core.clock.now(), entry["sha256"]
            )

    def _prune(self) -> None:
        self._core.storage.execute(
            "DELETE FROM contents WHERE n <= (SELECT n FROM contents ORDER BY n DESC LIMIT 1 OFFSET ?)", self.keep
        )

    def _hand_over(self, account: str, sender: str, recipient: str, message_id: str, content: bytes) -> None:
        mailbox = self._mailboxes.get(recipient)
        if mailbox is None or (inbox := self._mailboxes.folder(mailbox.address, INBOX)) is None:
            self.people.receive(account, sender, recipient, message_id, content)
            return
        self._core.log.write("delivery", message_id=message_id, account=account, recipient=recipient, mailbox=True)
        self._mailboxes.add(inbox, content)

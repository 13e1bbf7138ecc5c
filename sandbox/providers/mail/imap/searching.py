"""Evaluate SEARCH over the messages of a folder."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from typing import Final

from sandbox.providers.mail.imap.grammar import GrammarError, Token, numbers, text, word
from sandbox.providers.mail.mailboxes import Mailboxes, StoredMail, header_fields, header_of

FLAGS: Final = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}
FIELDS: Final = {"FROM", "TO", "CC", "BCC", "SUBJECT"}
Test = Callable[["Candidate"], bool]


class Candidate:
    """A message that is tested. Its content is read only when a test needs it."""

    def __init__(self, mailboxes: Mailboxes, folder: int, number: int, mail: StoredMail) -> None:
        self.number = number
        self.mail = mail
        self._mailboxes = mailboxes
        self._folder = folder
        self._content: bytes | None = None

    @property
    def content(self) -> bytes:
        if self._content is None:
            self._content = self._mailboxes.content(self._folder, self.mail.uid)
        return self._content

    def field(self, name: str) -> str:
        values = header_fields(self.content).get_all(name)
        if values is None:
            return ""
        # A field that is there and empty is found by an empty text.
        return "\n".join(_decoded(str(value)) for value in values) + "\n"


class Search:
    """One SEARCH. ``uids`` are those of the folder in ascending order."""

    def __init__(self, mailboxes: Mailboxes, folder: int, uids: Sequence[int]) -> None:
        self._mailboxes = mailboxes
        self._folder = folder
        self._uids = uids
        # The UIDs that can match, where an index knows them.
        self._narrowed: set[int] | None = None

    def run(self, tokens: list[Token]) -> list[tuple[int, int]]:
        """Return number and UID of the messages that match. Raise GrammarError for an unknown key."""
        if len(tokens) > 1 and text(tokens[0]).upper() == "CHARSET":
            tokens = tokens[2:]
        rest = list(tokens)
        tests = []
        while rest:
            self._narrow(rest)
            tests.append(self._key(rest))
        candidates = (self._candidate(number, uid) for number, uid in enumerate(self._uids, start=1))
        found = (each for each in candidates if each is not None and all(test(each) for test in tests))
        return [(each.number, each.mail.uid) for each in found]

    def _candidate(self, number: int, uid: int) -> Candidate | None:
        if self._narrowed is not None and uid not in self._narrowed:
            return None
        mail = self._mailboxes.mail(self._folder, uid)
        return Candidate(self._mailboxes, self._folder, number, mail) if mail else None

    def _narrow(self, rest: list[Token]) -> None:
        """Use the index on Message-ID for a whole identifier."""
        words = [token.upper() if isinstance(token, bytes) else b"" for token in rest[:2]]
        if words == [b"HEADER", b"MESSAGE-ID"] and len(rest) > 2:
            value = text(rest[2])
            if value.startswith("<") and value.endswith(">"):
                found = set(self._mailboxes.with_message_id(self._folder, value))
                self._narrowed = found if self._narrowed is None else self._narrowed & found

    def _key(self, rest: list[Token]) -> Test:
        """Take one key and its arguments from the front."""
        token = rest.pop(0)
        if isinstance(token, list):
            return self._all(token)
        key = token.decode("latin-1").upper()
        negated = key.startswith("UN") and key[2:] in {*FLAGS, "KEYWORD"}
        if negated:
            key = key[2:]
        test = self._plain_key(key, token, rest)
        return (lambda candidate: not test(candidate)) if negated else test

    def _plain_key(self, key: str, token: bytes, rest: list[Token]) -> Test:
        if key in ("ALL", "OLD"):
            return lambda candidate: True
        if key in ("NEW", "RECENT"):
            return lambda candidate: False
        if key in FLAGS:
            return _has_flag(FLAGS[key])
        if key == "NOT":
            inner = self._key(rest)
            return lambda candidate: not inner(candidate)
        if key == "OR":
            one, other = self._key(rest), self._key(rest)
            return lambda candidate: one(candidate) or other(candidate)
        if key[:1].isdigit() or key[:1] == "*":
            chosen = set(numbers(token, range(1, len(self._uids) + 1)))
            return lambda candidate: candidate.number in chosen
        if not rest:
            raise GrammarError(f"SEARCH does not know {key}, or its argument is missing")
        return self._with_argument(key, rest)

    def _with_argument(self, key: str, rest: list[Token]) -> Test:
        argument = rest.pop(0)
        value = text(argument)
        match key:
            case "KEYWORD":
                return _has_flag(value)
            case "UID":
                chosen = set(numbers(word(argument), self._uids))
                return lambda candidate: candidate.mail.uid in chosen
            case "HEADER" if rest:
                return _has_field(value, text(rest.pop(0)))
            case "BODY" | "TEXT":
                return _has_text(value, whole=key == "TEXT")
            case "LARGER":
                return lambda candidate: candidate.mail.size > int(value)
            case "SMALLER":
                return lambda candidate: candidate.mail.size < int(value)
            case "SINCE" | "BEFORE" | "ON" | "SENTSINCE" | "SENTBEFORE" | "SENTON":
                return _on_day(key, value)
        if key in FIELDS:
            return _has_field(key, value)
        raise GrammarError(f"SEARCH does not know {key}")

    def _all(self, tokens: list[Token]) -> Test:
        rest = list(tokens)
        tests = []
        while rest:
            tests.append(self._key(rest))
        return lambda candidate: all(test(candidate) for test in tests)


def _has_flag(flag: str) -> Test:
    return lambda candidate: flag.lower() in candidate.mail.flags.lower().split()


def _has_field(name: str, value: str) -> Test:
    def test(candidate: Candidate) -> bool:
        found = candidate.field(name)
        return bool(found) and value.lower() in found.lower()

    return test


def _has_text(value: str, *, whole: bool) -> Test:
    def test(candidate: Candidate) -> bool:
        content = candidate.content if whole else candidate.content[len(header_of(candidate.content)) :]
        return value.lower() in content.decode(errors="replace").lower()

    return test


def _on_day(key: str, value: str) -> Test:
    try:
        day = datetime.strptime(value, "%d-%b-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise GrammarError(f"{value} is no date such as 1-Feb-2026") from None

    def test(candidate: Candidate) -> bool:
        received = _sent(candidate) if key.startswith("SENT") else None
        if key.startswith("SENT") and received is None:
            return False
        received = received or datetime.fromtimestamp(candidate.mail.received, UTC).date()
        match key.removeprefix("SENT"):
            case "SINCE":
                return received >= day
            case "BEFORE":
                return received < day
        return received == day

    return test


def _sent(candidate: Candidate) -> date | None:
    try:
        return parsedate_to_datetime(candidate.field("Date").strip()).date()
    except ValueError:
        return None


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, UnicodeDecodeError):
        return value

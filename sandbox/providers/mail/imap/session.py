"""The commands of an IMAP client that work on folders and messages."""

import asyncio
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sandbox.providers.mail.imap.connection import Answer, Connection
from sandbox.providers.mail.imap.fetch import MACROS, Fetched
from sandbox.providers.mail.imap.grammar import GrammarError, Token, numbers, quote, text, word
from sandbox.providers.mail.imap.searching import Search
from sandbox.providers.mail.mailboxes import SPECIAL_USE, Folder, digest, message_id_of

SYSTEM_FLAGS: Final = "\\Answered \\Flagged \\Deleted \\Seen \\Draft"


class ImapSession(Connection):
    """A connection with all commands."""

    # Folders

    async def _namespace(self, tokens: list[Token], by_uid: bool) -> None:
        await self._send(b'* NAMESPACE (("" "/")) NIL NIL\r\n')

    async def _list(self, tokens: list[Token], by_uid: bool) -> None:
        if tokens and isinstance(tokens[0], list):
            only_special, tokens = True, tokens[1:]
        else:
            only_special = False
        patterns = tokens[1] if isinstance(tokens[1], list) else [tokens[1]]
        for folder in self._mailboxes.folders(self._known_address):
            special = SPECIAL_USE.get(folder.name, "")
            if only_special and not special:
                continue
            if any(_glob(text(pattern)).fullmatch(folder.name) for pattern in patterns):
                flags = f"\\HasNoChildren {special}".strip()
                await self._send(f'* LIST ({flags}) "/" '.encode() + quote(folder.name) + b"\r\n")
        if patterns == [b""]:
            await self._send(b'* LIST (\\Noselect) "/" ""\r\n')

    async def _subscribed(self, tokens: list[Token], by_uid: bool) -> None:
        for folder in self._mailboxes.folders(self._known_address):
            await self._send(b'* LSUB () "/" ' + quote(folder.name) + b"\r\n")

    async def _create(self, tokens: list[Token], by_uid: bool) -> None:
        name = text(tokens[0]).strip("/")
        if not name or self._mailboxes.folder(self._known_address, name):
            raise Answer("NO [ALREADYEXISTS] There is a folder of this name")
        self._mailboxes.create_folder(self._known_address, name)

    async def _select(self, tokens: list[Token], by_uid: bool) -> None:
        await self._open(tokens, read_only=False)

    async def _examine(self, tokens: list[Token], by_uid: bool) -> None:
        await self._open(tokens, read_only=True)

    async def _open(self, tokens: list[Token], *, read_only: bool) -> None:
        self._leave()
        folder = self._existing(tokens[0])
        self._folder, self._read_only = folder, read_only
        self._uids = self._mailboxes.uids(folder.id)
        self._mailboxes.listen(folder.id, self._changed.set)
        await self._send(
            f"* FLAGS ({SYSTEM_FLAGS})\r\n* {len(self._uids)} EXISTS\r\n* 0 RECENT\r\n"
            f"* OK [PERMANENTFLAGS ({SYSTEM_FLAGS} \\*)] Keywords of your own are kept\r\n"
            f"* OK [UIDVALIDITY {folder.uid_validity}] UIDs are valid\r\n"
            f"* OK [UIDNEXT {folder.uid_next}] The next UID\r\n".encode()
        )
        raise Answer(f"OK [{'READ-ONLY' if read_only else 'READ-WRITE'}] Selected")

    async def _status(self, tokens: list[Token], by_uid: bool) -> None:
        folder = self._existing(tokens[0])
        items = tokens[1] if isinstance(tokens[1], list) else [tokens[1]]
        uids = self._mailboxes.uids(folder.id)
        words = []
        for item in items:
            match name := text(item).upper():
                case "MESSAGES":
                    value = len(uids)
                case "UIDNEXT":
                    value = folder.uid_next
                case "UIDVALIDITY":
                    value = folder.uid_validity
                case "UNSEEN":
                    value = len(Search(self._mailboxes, folder.id, uids).run([b"UNSEEN"]))
                case "RECENT":
                    value = 0
                case _:
                    raise GrammarError(f"STATUS does not know {name}")
            words.append(f"{name} {value}")
        await self._send(b"* STATUS " + quote(folder.name) + f" ({' '.join(words)})\r\n".encode())

    async def _close(self, tokens: list[Token], by_uid: bool) -> None:
        if not self._read_only:
            self._mailboxes.remove(self._selected.id, self._deleted(self._uids))
        self._leave()

    async def _unselect(self, tokens: list[Token], by_uid: bool) -> None:
        self._leave()

    async def _append(self, tokens: list[Token], by_uid: bool) -> None:
        folder = self._existing(tokens[0], create=True)
        options, content = tokens[1:-1], word(tokens[-1])
        flags = next((" ".join(map(text, option)) for option in options if isinstance(option, list)), "")
        moment = next((_moment(option) for option in options if isinstance(option, bytes)), None)
        self._core.log.write(
            "append",
            account=self.address,
            folder=folder.name,
            message_id=message_id_of(content),
            sha256=digest(content),
            size=len(content),
        )
        uid = self._mailboxes.add(folder, content, flags=flags, received=moment)
        await self._tell_changes()
        raise Answer(f"OK [APPENDUID {folder.uid_validity} {uid}] Appended")

    def _existing(self, token: Token, *, create: bool = False) -> Folder:
        folder = self._mailboxes.folder(self._known_address, text(token))
        if folder is None:
            raise Answer(f"NO [{'TRYCREATE' if create else 'NONEXISTENT'}] There is no such folder")
        return folder

    # Messages

    async def _search(self, tokens: list[Token], by_uid: bool) -> None:
        found = Search(self._mailboxes, self._selected.id, self._uids).run(tokens)
        numbers_found = [str(uid if by_uid else number) for number, uid in found]
        await self._send(" ".join(["* SEARCH", *numbers_found]).encode() + b"\r\n")

    async def _fetch(self, tokens: list[Token], by_uid: bool) -> None:
        wanted = tokens[1] if isinstance(tokens[1], list) else [tokens[1]]
        items = [item for each in wanted for item in MACROS.get(word(each).upper(), [word(each)])]
        if by_uid and b"UID" not in [item.upper() for item in items]:
            items.insert(0, b"UID")
        for number, uid in self._chosen(tokens[0], by_uid):
            mail = self._mailboxes.mail(self._selected.id, uid)
            if mail is None:
                continue
            fetched = Fetched(self._mailboxes, self._selected.id, mail)
            values = [fetched.item(item) for item in items]
            if fetched.marks_read and not self._read_only and "\\Seen" not in mail.flags.split():
                flags = [*mail.flags.split(), "\\Seen"]
                self._mailboxes.set_flags(self._selected.id, uid, flags)
                values.append(b"FLAGS (" + " ".join(flags).encode() + b")")
            await self._send(b"* %d FETCH (" % number + b" ".join(values) + b")\r\n")

    async def _store(self, tokens: list[Token], by_uid: bool) -> None:
        self._check_writable()
        how = text(tokens[1]).upper()
        given = tokens[2] if isinstance(tokens[2], list) else tokens[2:]
        named = [text(flag) for flag in given]
        for number, uid in self._chosen(tokens[0], by_uid):
            mail = self._mailboxes.mail(self._selected.id, uid)
            if mail is None:
                continue
            before = mail.flags.split()
            if how.startswith("+"):
                flags = [*before, *(flag for flag in named if flag not in before)]
            elif how.startswith("-"):
                flags = [flag for flag in before if flag not in named]
            else:
                flags = named
            self._mailboxes.set_flags(self._selected.id, uid, flags)
            if not how.endswith(".SILENT"):
                extra = f" UID {uid}" if by_uid else ""
                await self._send(f"* {number} FETCH (FLAGS ({' '.join(flags)}){extra})\r\n".encode())

    async def _copy(self, tokens: list[Token], by_uid: bool) -> None:
        raise Answer(f"OK [COPYUID {self._copy_to(tokens, by_uid)}] Copied")

    async def _move(self, tokens: list[Token], by_uid: bool) -> None:
        self._check_writable()
        copied = self._copy_to(tokens, by_uid)
        await self._send(f"* OK [COPYUID {copied}] Moved\r\n".encode())
        self._mailboxes.remove(self._selected.id, [uid for _, uid in self._chosen(tokens[0], by_uid)])
        await self._tell_changes()

    def _copy_to(self, tokens: list[Token], by_uid: bool) -> str:
        target = self._existing(tokens[1], create=True)
        old, new = [], []
        for _number, uid in self._chosen(tokens[0], by_uid):
            if mail := self._mailboxes.mail(self._selected.id, uid):
                content = self._mailboxes.content(self._selected.id, uid)
                new.append(self._mailboxes.add(target, content, flags=mail.flags, received=mail.received))
                old.append(uid)
        if not old:
            raise Answer("NO There is no such message")
        return f"{target.uid_validity} {','.join(map(str, old))} {','.join(map(str, new))}"

    async def _expunge(self, tokens: list[Token], by_uid: bool) -> None:
        self._check_writable()
        chosen = numbers(word(tokens[0]), self._uids) if by_uid else self._uids
        self._mailboxes.remove(self._selected.id, self._deleted(chosen))

    async def _idle(self, tokens: list[Token], by_uid: bool) -> None:
        """Tell changes as they happen until the client says DONE."""
        self._changed.clear()
        self._idling = True
        line = asyncio.ensure_future(self._reader.readuntil(b"\n"))
        try:
            await self._send(b"+ idling\r\n")
            await self._tell_changes()
            while not line.done():
                change = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({line, change}, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
                if self._changed.is_set():
                    self._strike("IDLE-CHANGE")
                    await self._tell_changes()
            if line.result().strip().upper() != b"DONE":
                raise GrammarError("IDLE ends with DONE")
        finally:
            self._idling = False
            line.cancel()

    def _chosen(self, token: Token, by_uid: bool) -> Iterable[tuple[int, int]]:
        """Return number and UID of the messages that a set names."""
        if by_uid:
            uids = set(numbers(word(token), self._uids))
            return [(number, uid) for number, uid in enumerate(self._uids, start=1) if uid in uids]
        places = numbers(word(token), range(1, len(self._uids) + 1))
        return [(place, self._uids[place - 1]) for place in places]

    def _deleted(self, uids: Iterable[int]) -> list[int]:
        mails = (self._mailboxes.mail(self._selected.id, uid) for uid in uids)
        return [mail.uid for mail in mails if mail is not None and "\\Deleted" in mail.flags.split()]

    def _check_writable(self) -> None:
        if self._read_only:
            raise Answer("NO [READ-ONLY] The folder was opened for reading")

    @property
    def _selected(self) -> Folder:
        assert self._folder is not None
        return self._folder

    @property
    def _known_address(self) -> str:
        assert self._mailbox is not None
        return self._mailbox.address

    _folder_commands: Final = {
        "NAMESPACE": _namespace,
        "LIST": _list,
        "LSUB": _subscribed,
        "CREATE": _create,
        "SELECT": _select,
        "EXAMINE": _examine,
        "STATUS": _status,
        "APPEND": _append,
        "SUBSCRIBE": Connection.nothing,
        "UNSUBSCRIBE": Connection.nothing,
    }
    _message_commands: Final = {
        "CHECK": Connection.nothing,
        "CLOSE": _close,
        "UNSELECT": _unselect,
        "SEARCH": _search,
        "FETCH": _fetch,
        "STORE": _store,
        "COPY": _copy,
        "MOVE": _move,
        "EXPUNGE": _expunge,
    }
    need_folder = frozenset(_message_commands)
    need_mailbox = frozenset({*_folder_commands, *_message_commands, "IDLE"})
    commands = {**Connection.own_commands, **_folder_commands, **_message_commands, "IDLE": _idle}


def _glob(pattern: str) -> re.Pattern[str]:
    """Return a pattern of LIST as a regular expression. INBOX is INBOX however it is written."""
    wild = {"*": ".*", "%": "[^/]*"}
    return re.compile("".join(wild.get(sign) or re.escape(sign) for sign in pattern), re.IGNORECASE)


def _moment(value: bytes) -> float:
    try:
        return datetime.strptime(value.decode().strip(), "%d-%b-%Y %H:%M:%S %z").timestamp()
    except ValueError:
        raise GrammarError("the date must look like 1-Feb-2026 12:00:00 +0000") from None

"""One connection of an IMAP client: reading, answering, sign-in and faults."""

import asyncio
import socket
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Final

from sandbox.core import Core
from sandbox.faults import Fault, FaultKind
from sandbox.providers.mail.imap.grammar import LITERAL, GrammarError, Token, parse, text, word
from sandbox.providers.mail.mailboxes import Folder, Mailbox, Mailboxes
from sandbox.providers.mail.sign_in import XOAUTH2_REFUSED, SignIn, SignInFormatError

MAX_LITERAL: Final = 36_000_000
MAX_LINE: Final = 65_536
CAPABILITIES: Final = (
    b"IMAP4rev1 LITERAL+ SASL-IR IDLE UIDPLUS MOVE SPECIAL-USE NAMESPACE ID UNSELECT CHILDREN AUTH=PLAIN AUTH=XOAUTH2"
)
SIGN_IN_REFUSED: Final = "NO [AUTHENTICATIONFAILED] Invalid credentials"


class Closed(Exception):
    """The connection ends."""


class LoggedOut(Exception):
    """The client said good-bye."""


class StartTls(Exception):
    """TLS begins after the answer."""


class Answer(Exception):
    """The tagged answer to a command, raised where the command is decided."""


# The first argument is the connection: a class of its own for each set of commands.
Command = Callable[[Any, list[Token], bool], Awaitable[None]]


class Connection:
    """Reads commands and answers them one after another. Subclasses add commands."""

    commands: ClassVar[Mapping[str, Command]] = {}
    # Which commands need a mailbox, and which a selected folder.
    need_mailbox: ClassVar[frozenset[str]] = frozenset()
    need_folder: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        core: Core,
        mailboxes: Mailboxes,
        sign_in: SignIn,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        tls_first: bool = False,
    ) -> None:
        self._core = core
        self._mailboxes = mailboxes
        self._sign_in = sign_in
        self._reader = reader
        self._writer = writer
        self._tls_first = tls_first
        self._encrypted = False
        self._mailbox: Mailbox | None = None
        self._folder: Folder | None = None
        self._read_only = False
        # The UIDs that the client knows of, in the order of their numbers.
        self._uids: list[int] = []
        self._changed = asyncio.Event()
        self._idling = False

    @property
    def address(self) -> str | None:
        return self._mailbox.address if self._mailbox else None

    def abort(self) -> None:
        """Cut the connection."""
        self._core.log.write("drop", protocol="imap", stage="IDLE" if self._idling else "", account=self.address)
        self._writer.transport.abort()

    async def run(self) -> None:
        try:
            if self._tls_first:
                await self._encrypt()
            self._strike("CONNECT")
            await self._send(b"* OK [CAPABILITY " + self._capabilities() + b"] LAD sandbox\r\n")
            while True:
                await self._command()
        except (Closed, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        except asyncio.CancelledError:
            # The sandbox stops. Raised further, it would be reported as an error of the connection.
            return
        finally:
            self._leave()
            self._writer.close()

    def _capabilities(self) -> bytes:
        return CAPABILITIES if self._encrypted else CAPABILITIES + b" STARTTLS"

    async def _command(self) -> None:
        tag = b"*"
        try:
            parts = await self._read_parts()
            tag, _, rest = bytes(parts[0]).partition(b" ")
            parts[0] = rest
            tokens = parse(parts)
            name = text(tokens.pop(0)).upper() if tokens else ""
            by_uid = name == "UID"
            if by_uid:
                name = text(tokens.pop(0)).upper() if tokens else ""
            await self._perform(name, tokens, by_uid)
            raise Answer(f"OK {name} completed")
        except Answer as answer:
            await self._send(tag + b" " + str(answer).encode() + b"\r\n")
        except (GrammarError, IndexError, ValueError) as error:
            await self._send(tag + f" BAD {error}\r\n".encode())
        except StartTls:
            self._writer.write(tag + b" OK Start TLS\r\n")
            await self._encrypt()
        except LoggedOut:
            await self._send(tag + b" OK LOGOUT completed\r\n")
            raise Closed from None

    async def _perform(self, name: str, tokens: list[Token], by_uid: bool) -> None:
        command = self.commands.get(name)
        if command is None:
            raise GrammarError(f"the command {name or 'is missing'} is not known")
        await self._misbehave(name)
        if name in self.need_mailbox and self._mailbox is None:
            raise Answer("BAD Sign in first")
        if name in self.need_folder and self._folder is None:
            raise Answer("BAD Select a folder first")
        await command(self, tokens, by_uid)
        # Removed messages would change the numbers that the client counts with.
        if by_uid or name not in ("FETCH", "STORE", "SEARCH"):
            await self._tell_changes()

    async def _read_parts(self) -> list[bytes | bytearray]:
        """Return the lines of a command and, between them, its literals."""
        parts: list[bytes | bytearray] = []
        while True:
            self._acknowledge_at_once()
            line = (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")
            parts.append(line)
            found = LITERAL.search(line)
            if found is None:
                return parts
            size = int(found[1])
            if size > MAX_LITERAL:
                raise Closed
            self._acknowledge_at_once()
            if not found[2]:
                await self._send(b"+ Go ahead\r\n")
            parts.append(bytearray(await self._reader.readexactly(size)))

    def _acknowledge_at_once(self) -> None:
        """Let a client that sends a command in several pieces go on without the usual delay of 40 ms."""
        if hasattr(socket, "TCP_QUICKACK") and (connection := self._writer.get_extra_info("socket")):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    async def _misbehave(self, name: str) -> None:
        fault = self._strike(name)
        if fault is None or fault.kind is FaultKind.SPLIT:
            return
        if fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        else:
            self._core.log.write("refusal", stage=name, protocol="imap", text=fault.text or None, account=self.address)
            raise Answer(fault.text or "NO [UNAVAILABLE] Refused on request")

    def _strike(self, stage: str) -> Fault | None:
        """Return the fault that strikes here. Close the connection if it says so."""
        if not self._core.faults:
            return None
        fault = self._core.faults.strike("imap", stage, account=self.address or "")
        if fault is not None and fault.kind is FaultKind.DROP:
            self._core.log.write("drop", protocol="imap", stage=stage, account=self.address)
            self._writer.transport.abort()
            raise Closed
        return fault

    async def _send(self, data: bytes) -> None:
        if self._core.faults and self._mailbox is not None:
            stage = "IDLE-LINE" if self._idling else "LINE"
            fault = self._core.faults.strike("imap", stage, account=self.address or "")
            if fault is not None and fault.kind is FaultKind.SPLIT:
                middle = max(1, len(data) // 2)
                self._writer.write(data[:middle])
                await self._writer.drain()
                await asyncio.sleep(fault.seconds)
                data = data[middle:]
        self._writer.write(data)
        await self._writer.drain()

    async def _encrypt(self) -> None:
        await self._writer.start_tls(self._core.certificate.context())
        self._encrypted = True

    # Before sign-in

    async def _say_capabilities(self, tokens: list[Token], by_uid: bool) -> None:
        await self._send(b"* CAPABILITY " + self._capabilities() + b"\r\n")

    async def _start_tls(self, tokens: list[Token], by_uid: bool) -> None:
        if self._encrypted:
            raise Answer("BAD TLS is already active")
        raise StartTls

    async def nothing(self, tokens: list[Token], by_uid: bool) -> None:
        """Answer OK, and tell what changed."""

    async def _identify(self, tokens: list[Token], by_uid: bool) -> None:
        await self._send(b'* ID ("name" "LAD sandbox")\r\n')

    async def _logout(self, tokens: list[Token], by_uid: bool) -> None:
        await self._send(b"* BYE See you\r\n")
        raise LoggedOut

    async def _login(self, tokens: list[Token], by_uid: bool) -> None:
        username, password = text(tokens[0]), text(tokens[1])
        self._enter(self._sign_in.by_password("imap", username, password))

    async def _authenticate(self, tokens: list[Token], by_uid: bool) -> None:
        method = text(tokens[0]).upper()
        if method not in ("PLAIN", "XOAUTH2"):
            raise Answer("NO The method is not offered")
        answer = word(tokens[1]) if len(tokens) > 1 else await self._challenge(b"")
        try:
            if method == "PLAIN":
                self._enter(self._sign_in.plain("imap", answer))
            mailbox = self._sign_in.xoauth2("imap", answer)
        except SignInFormatError:
            raise Answer("BAD That is no answer to the challenge") from None
        if mailbox is None:
            await self._challenge(b64encode(XOAUTH2_REFUSED))
        self._enter(mailbox)

    async def _challenge(self, challenge: bytes) -> bytes:
        await self._send(b"+ " + challenge + b"\r\n")
        return (await self._reader.readuntil(b"\n")).strip()

    def _enter(self, mailbox: Mailbox | None) -> None:
        if mailbox is None:
            raise Answer(SIGN_IN_REFUSED)
        self._mailbox = mailbox
        raise Answer(f"OK [CAPABILITY {self._capabilities().decode()}] Signed in")

    async def _tell_changes(self) -> None:
        """Tell the client of removed and of new messages."""
        if self._folder is None:
            return
        last = self._uids[-1] if self._uids else 0
        new = self._mailboxes.uids(self._folder.id, after=last)
        if self._changed.is_set() or not new:
            living = set(self._mailboxes.uids(self._folder.id))
            for number in range(len(self._uids), 0, -1):
                if self._uids[number - 1] not in living:
                    del self._uids[number - 1]
                    await self._send(b"* %d EXPUNGE\r\n" % number)
        self._changed.clear()
        if new:
            self._uids += new
            await self._send(b"* %d EXISTS\r\n" % len(self._uids))

    def _leave(self) -> None:
        if self._folder is not None:
            self._mailboxes.stop_listening(self._folder.id, self._changed.set)
            self._folder = None
            self._uids = []

    own_commands: ClassVar[Mapping[str, Command]] = {
        "CAPABILITY": _say_capabilities,
        "STARTTLS": _start_tls,
        "NOOP": nothing,
        "ID": _identify,
        "LOGOUT": _logout,
        "LOGIN": _login,
        "AUTHENTICATE": _authenticate,
    }

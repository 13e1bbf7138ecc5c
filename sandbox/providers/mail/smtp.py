"""The submission server: SMTP with STARTTLS, sign-in, pipelining, and faults at every command."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sandbox.core import Core
from sandbox.faults import Fault, FaultKind
from sandbox.providers.mail.mailboxes import Mailbox, without_detail
from sandbox.providers.mail.sign_in import SignIn
from sandbox.providers.mail.smtp_sign_in import SignInDialog

HOSTNAME: Final = "mail.sandbox.example"
GREETING: Final = f"220 {HOSTNAME} ESMTP LAD sandbox\r\n".encode()
MAX_SIZE: Final = 35_882_577
MAX_LINE: Final = 12_288
MAX_RECIPIENTS: Final = 100
PATH: Final = re.compile(rb"(?:FROM|TO):\s*<([^<>\s]*)>(.*)", re.IGNORECASE)
END: Final = b"\r\n.\r\n"
FINAL, AFTER_FINAL, CONNECT = "FINAL", "AFTER-FINAL", "CONNECT"


@dataclass(frozen=True)
class Refusal:
    """An answer that refuses something, such as 550 5.1.1."""

    code: int
    text: str

    def line(self) -> bytes:
        return f"{self.code} {self.text}\r\n".encode()


class Receiver(Protocol):
    """The receiver of the server's messages."""

    def refuse(self, account: str, recipient: str) -> Refusal | None:
        """Return why a recipient is refused, or None."""
        ...

    def fault(self, stage: str, recipient: str) -> Fault | None:
        """Return how the server of a recipient misbehaves, or None."""
        ...

    def accept(self, account: Mailbox, sender: str, recipients: list[str], content: bytes) -> str:
        """Take a message over and return its number in the queue."""
        ...


class SmtpSession(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, core: Core, sign_in: SignIn, receiver: Receiver, *, tls_first: bool = False) -> None:
        self._core = core
        self._receiver = receiver
        self._tls_first = tls_first
        self._buffer = bytearray()
        # Where the search for the end of the data goes on.
        self._searched = 0
        self._waiting = False
        self._encrypted = False
        self._dialog = SignInDialog(sign_in)
        self._in_data = False
        self._greeted = False
        self._clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._tls_first and not self._encrypted:
            self._start_tls(greet=True)
        else:
            self._answer(CONNECT, lambda: GREETING)

    def connection_lost(self, error: Exception | None) -> None:
        self._waiting = True
        self._buffer.clear()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._waiting:
            self._work()

    def _work(self) -> None:
        """Handle what has arrived until something is missing or a fault makes the client wait."""
        while not self._waiting and not self._transport.is_closing():
            if self._in_data:
                if not self._take_data():
                    return
                continue
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) > MAX_LINE:
                    self._close(b"500 5.5.2 The line is too long\r\n")
                return
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        if self._dialog.waits:
            self._send(self._dialog.go_on(line))
            return
        word, _, rest = line.partition(b" ")
        command = word.decode("latin-1").upper()
        handler = self._COMMANDS.get(command)
        if handler is None:
            self._send(b"500 5.5.1 The command is not known\r\n")
            return
        recipient = _path(rest)[0].lower() if command == "RCPT" else ""
        self._answer(command, lambda: handler(self, rest), recipient=recipient)

    def _take_data(self) -> bool:
        """Take the message over once its end has arrived. Return whether it had."""
        if self._buffer.startswith(b".\r\n"):
            content, end = b"", 3
        else:
            found = self._buffer.find(END, self._searched)
            if found < 0:
                self._searched = max(0, len(self._buffer) - len(END))
                if len(self._buffer) > MAX_SIZE:
                    self._close(b"552 5.3.4 The message is too big\r\n")
                return False
            content, end = bytes(self._buffer[: found + 2]), found + len(END)
        del self._buffer[:end]
        self._searched, self._in_data = 0, False
        if content.startswith(b".."):
            content = content[1:]
        self._finish(content.replace(b"\r\n..", b"\r\n."))
        return True

    def _finish(self, content: bytes) -> None:
        """Accept the message, unless a fault keeps it from it or from saying so."""
        account, recipients = self._dialog.account, self._recipients
        assert account is not None
        sender = self._sender or ""
        self._clear()

        def accept() -> bytes:
            return f"250 2.0.0 Ok: queued as {self._receiver.accept(account, sender, recipients, content)}\r\n".encode()

        recipient = recipients[0]
        fault = self._strike(FINAL, recipient)
        if fault is not None and fault.kind is FaultKind.DROP:
            if fault.accepted:
                accept()
            self._drop(FINAL, accepted=fault.accepted, recipient=recipient)
            return
        self._answer_with(fault, FINAL, accept, recipient)
        if fault is None and (after := self._strike(AFTER_FINAL, recipient)) and after.kind is FaultKind.DROP:
            # The 250 leaves first.
            self._core.log.write("drop", protocol="smtp", stage=AFTER_FINAL, account=account.address, accepted=True)
            self._close(b"")

    def _answer(self, stage: str, handle: Callable[[], bytes], *, recipient: str = "") -> None:
        """Send what ``handle`` returns, or do what a fault says in its place."""
        self._answer_with(self._strike(stage, recipient), stage, handle, recipient)

    def _answer_with(self, fault: Fault | None, stage: str, handle: Callable[[], bytes], recipient: str) -> None:
        if fault is None:
            self._send(handle())
        elif fault.kind is FaultKind.SLOW:
            self._wait(fault.seconds, handle)
        elif fault.kind is FaultKind.DROP:
            self._drop(stage, accepted=False, recipient=recipient)
        elif fault.kind is FaultKind.SPLIT:
            answer = handle()
            self._send(answer[: len(answer) // 2])
            self._wait(fault.seconds, lambda: answer[len(answer) // 2 :])
        elif fault.kind is FaultKind.GREYLIST and self._may_pass(recipient, fault):
            self._send(handle())
        else:
            self._refuse(stage, _refusal(fault), recipient)

    def _refuse(self, stage: str, refusal: Refusal, recipient: str) -> None:
        self._core.log.write(
            "refusal",
            stage=stage,
            code=refusal.code,
            text=refusal.text,
            account=self._address or None,
            recipient=recipient or None,
        )
        if refusal.code == 421:
            self._close(refusal.line())
        else:
            self._send(refusal.line())

    def _strike(self, stage: str, recipient: str = "") -> Fault | None:
        fault = None
        if self._core.faults:
            fault = self._core.faults.strike("smtp", stage, account=self._address, recipient=recipient)
        if fault is None and recipient:
            fault = self._receiver.fault(stage, recipient)
        return fault

    def _may_pass(self, recipient: str, fault: Fault) -> bool:
        """Return whether a greylisted recipient has waited long enough."""
        key = f"greylist {self._sender} {recipient}"
        now = self._core.clock.now()
        first = self._core.storage.setting(key)
        if first is None:
            self._core.storage.set(key, now)
        return first is not None and now - first >= fault.seconds

    def _drop(self, stage: str, *, accepted: bool, recipient: str) -> None:
        self._core.log.write(
            "drop",
            protocol="smtp",
            stage=stage,
            account=self._address or None,
            recipient=recipient or None,
            accepted=accepted,
        )
        self._waiting = True
        self._transport.abort()

    def _wait(self, seconds: float, handle: Callable[[], bytes]) -> None:
        self._waiting = True

        def go_on() -> None:
            if not self._transport.is_closing():
                self._waiting = False
                self._send(handle())
                self._work()

        asyncio.get_running_loop().call_later(seconds, go_on)

    def _send(self, answer: bytes) -> None:
        self._transport.write(answer)

    def _close(self, answer: bytes) -> None:
        self._waiting = True
        self._transport.write(answer)
        self._transport.close()

    def _clear(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []

    @property
    def _address(self) -> str:
        return self._dialog.account.address if self._dialog.account else ""

    def _hello(self, rest: bytes) -> bytes:
        self._greeted = True
        self._clear()
        secure = b"" if self._encrypted else b"250-STARTTLS\r\n"
        return (
            b"250-" + HOSTNAME.encode() + b"\r\n250-PIPELINING\r\n" + secure + b"250-AUTH PLAIN LOGIN XOAUTH2\r\n"
            b"250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE %d\r\n" % MAX_SIZE
        )

    def _old_hello(self, rest: bytes) -> bytes:
        self._greeted = True
        self._clear()
        return f"250 {HOSTNAME}\r\n".encode()

    def _secure(self, rest: bytes) -> bytes:
        if self._encrypted:
            return b"503 5.5.1 The connection is encrypted already\r\n"
        self._buffer.clear()
        self._start_tls(greet=False)
        return b"220 2.0.0 Start TLS\r\n"

    def _start_tls(self, *, greet: bool) -> None:
        self._waiting = True

        async def encrypt() -> None:
            loop = asyncio.get_running_loop()
            try:
                secure = await loop.start_tls(self._transport, self, self._core.certificate.context(), server_side=True)
            except (OSError, ConnectionError):
                self._transport.abort()
                return
            if secure is None:
                return
            self._transport = secure
            self._encrypted = True
            self._waiting = self._greeted = False
            self._dialog.account = None
            self._clear()
            if greet:
                self._answer(CONNECT, lambda: GREETING)
            self._work()

        self._task = asyncio.get_running_loop().create_task(encrypt())

    def _authenticate(self, rest: bytes) -> bytes:
        return self._dialog.begin(rest)

    def _mail(self, rest: bytes) -> bytes:
        if not self._greeted:
            return b"503 5.5.1 Say EHLO first\r\n"
        if self._dialog.account is None:
            return b"530 5.7.0 Sign in first\r\n"
        if self._sender is not None:
            return b"503 5.5.1 There is a sender already\r\n"
        sender, known = _path(rest)
        if not known:
            return b"501 5.5.4 Write MAIL FROM:<address>\r\n"
        if sender and without_detail(sender) != self._dialog.account.address:
            return b"553 5.7.1 The sender address is not one of this account\r\n"
        if (size := re.search(rb"\bSIZE=(\d{1,12})", rest, re.IGNORECASE)) and int(size[1]) > MAX_SIZE:
            return b"552 5.3.4 The message is too big\r\n"
        self._sender = sender
        return b"250 2.1.0 Ok\r\n"

    def _recipient(self, rest: bytes) -> bytes:
        if self._sender is None:
            return b"503 5.5.1 Send MAIL first\r\n"
        recipient, known = _path(rest)
        if not known or "@" not in recipient:
            return b"501 5.1.3 Write RCPT TO:<address>\r\n"
        if len(self._recipients) >= MAX_RECIPIENTS:
            return b"452 4.5.3 Too many recipients\r\n"
        refusal = self._receiver.refuse(self._address, recipient.lower())
        if refusal is not None:
            self._refuse("RCPT", refusal, recipient.lower())
            return b""
        self._recipients.append(recipient.lower())
        return b"250 2.1.5 Ok\r\n"

    def _data(self, rest: bytes) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 Send RCPT first\r\n"
        self._in_data = True
        return b"354 End data with <CR><LF>.<CR><LF>\r\n"

    def _reset(self, rest: bytes) -> bytes:
        self._clear()
        return b"250 2.0.0 Ok\r\n"

    def _nothing(self, rest: bytes) -> bytes:
        return b"250 2.0.0 Ok\r\n"

    def _verify(self, rest: bytes) -> bytes:
        return b"252 2.1.5 Send a message and see\r\n"

    def _quit(self, rest: bytes) -> bytes:
        self._close(b"221 2.0.0 Bye\r\n")
        return b""

    _COMMANDS: Final[dict[str, Callable[["SmtpSession", bytes], bytes]]] = {
        "EHLO": _hello,
        "HELO": _old_hello,
        "STARTTLS": _secure,
        "AUTH": _authenticate,
        "MAIL": _mail,
        "RCPT": _recipient,
        "DATA": _data,
        "RSET": _reset,
        "NOOP": _nothing,
        "VRFY": _verify,
        "QUIT": _quit,
    }


def _path(rest: bytes) -> tuple[str, bool]:
    """Return the address of MAIL FROM or RCPT TO and whether there is one."""
    found = PATH.fullmatch(rest.strip())
    return (found[1].decode(errors="replace"), True) if found else ("", False)


def _refusal(fault: Fault) -> Refusal:
    if fault.kind is FaultKind.GREYLIST:
        return Refusal(451, fault.text or "4.7.1 Greylisting in action, please come back later")
    code = fault.code or 451
    return Refusal(code, fault.text or f"{code // 100}.3.0 Refused on request")

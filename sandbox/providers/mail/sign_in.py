"""Sign-in to SMTP and IMAP: passwords, and access tokens by XOAUTH2."""

import binascii
import re
from base64 import b64decode
from typing import Final

from sandbox.core import Core
from sandbox.providers.mail.mailboxes import Mailbox, Mailboxes

XOAUTH2: Final = re.compile(r"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", re.IGNORECASE)
# What servers send before they refuse a token. The client answers with an empty line.
XOAUTH2_REFUSED: Final = b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}'


class SignInFormatError(Exception):
    """The client sent something that is no answer to the challenge."""


class SignIn:
    """Decides who may sign in."""

    def __init__(self, core: Core, mailboxes: Mailboxes) -> None:
        self._core = core
        self._mailboxes = mailboxes

    def by_password(self, protocol: str, username: str, password: str) -> Mailbox | None:
        mailbox = self._mailboxes.sign_in(username, password)
        return self._logged(protocol, username, mailbox, "password")

    def plain(self, protocol: str, answer: bytes) -> Mailbox | None:
        parts = decode(answer).split("\0")
        if len(parts) != 3:
            raise SignInFormatError
        return self.by_password(protocol, parts[1], parts[2])

    def xoauth2(self, protocol: str, answer: bytes) -> Mailbox | None:
        found = XOAUTH2.fullmatch(decode(answer))
        if found is None:
            raise SignInFormatError
        username, token = found[1].lower(), found[2]
        address = self._core.address_of_token(token, protocol)
        mailbox = self._mailboxes.get(address) if address is not None and address == username else None
        return self._logged(protocol, username, mailbox, "xoauth2")

    def _logged(self, protocol: str, username: str, mailbox: Mailbox | None, method: str) -> Mailbox | None:
        if self._core.faults.strike(protocol, "SIGN-IN", account=mailbox.address if mailbox else username):
            mailbox = None
        kind = "sign_in" if mailbox else "sign_in_refused"
        self._core.log.write(kind, protocol=protocol, account=username, method=method)
        return mailbox


def decode(answer: bytes) -> str:
    """Return what a client sent in base64. Raise SignInFormatError if it is not."""
    try:
        return b64decode(answer, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SignInFormatError from None

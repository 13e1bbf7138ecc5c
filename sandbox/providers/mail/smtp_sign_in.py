"""AUTH of SMTP: PLAIN, LOGIN and XOAUTH2, with the challenges between client and server."""

from base64 import b64encode
from collections.abc import Callable

from sandbox.providers.mail.mailboxes import Mailbox
from sandbox.providers.mail.sign_in import XOAUTH2_REFUSED, SignIn, SignInFormatError, decode


class SignInDialog:
    """Who is signed in on a connection, and how far a sign-in has come."""

    def __init__(self, sign_in: SignIn) -> None:
        self.account: Mailbox | None = None
        self._sign_in = sign_in
        self._username = ""
        # Takes the next line in place of a command: the answer to a challenge.
        self._expects: Callable[[bytes], bytes] | None = None

    @property
    def waits(self) -> bool:
        """Whether the next line answers a challenge."""
        return self._expects is not None

    def go_on(self, line: bytes) -> bytes:
        """Answer the client's answer."""
        expects, self._expects = self._expects, None
        assert expects is not None
        return expects(line)

    def begin(self, rest: bytes) -> bytes:
        """Answer AUTH."""
        if self.account is not None:
            return b"503 5.5.1 You are signed in already\r\n"
        method, _, initial = rest.partition(b" ")
        match method.upper():
            case b"PLAIN":
                return self._challenge(b"", initial, lambda answer: self._signed_in(self._sign_in.plain, answer))
            case b"LOGIN":
                return self._challenge(b"Username:", initial, self._login_name)
            case b"XOAUTH2":
                return self._challenge(b"", initial, self._token)
        return b"504 5.5.4 The method is not offered\r\n"

    def _challenge(self, text: bytes, initial: bytes, handle: Callable[[bytes], bytes]) -> bytes:
        def take(answer: bytes) -> bytes:
            if answer == b"*":
                return b"501 5.7.0 Sign-in was cancelled\r\n"
            try:
                return handle(answer)
            except SignInFormatError:
                return b"501 5.5.2 That is no answer to the challenge\r\n"

        if initial:
            return take(b"" if initial == b"=" else initial)
        self._expects = take
        return b"334 " + b64encode(text) + b"\r\n"

    def _login_name(self, answer: bytes) -> bytes:
        self._username = decode(answer)
        return self._challenge(b"Password:", b"", self._login_password)

    def _login_password(self, answer: bytes) -> bytes:
        return self._result(self._sign_in.by_password("smtp", self._username, decode(answer)))

    def _signed_in(self, method: Callable[[str, bytes], Mailbox | None], answer: bytes) -> bytes:
        return self._result(method("smtp", answer))

    def _token(self, answer: bytes) -> bytes:
        account = self._sign_in.xoauth2("smtp", answer)
        if account is not None:
            return self._result(account)
        self._expects = lambda _empty: self._result(None)
        return b"334 " + b64encode(XOAUTH2_REFUSED) + b"\r\n"

    def _result(self, account: Mailbox | None) -> bytes:
        self.account = account
        if account is None:
            return b"535 5.7.8 Username and password not accepted\r\n"
        return b"235 2.7.0 Accepted\r\n"

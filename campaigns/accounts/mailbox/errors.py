"""Errors between LAD and a mail server, in words that say what to do."""

from enum import StrEnum
from typing import ClassVar

from campaigns.accounts.models import EmailAccountStatus
from lad.errors import DomainError


class Problem(StrEnum):
    """Why a mailbox cannot be used."""

    SIGN_IN = "sign_in"
    APP_PASSWORD = "app_password"  # noqa: S105  (the name of a problem)
    REVOKED = "revoked"
    UNREACHABLE = "unreachable"
    INTERNAL = "internal"
    TLS = "tls"
    NO_TLS = "no_tls"
    CERTIFICATE = "certificate"
    NOT_SET_UP = "not_set_up"
    PROTOCOL = "protocol"


# Only a person can help: trying again would lock the account at its provider.
NEEDS_A_PERSON: dict[Problem, EmailAccountStatus] = {
    Problem.SIGN_IN: EmailAccountStatus.SIGN_IN_FAILED,
    Problem.APP_PASSWORD: EmailAccountStatus.SIGN_IN_FAILED,
    Problem.REVOKED: EmailAccountStatus.REVOKED,
    Problem.NOT_SET_UP: EmailAccountStatus.SIGN_IN_FAILED,
    Problem.INTERNAL: EmailAccountStatus.SIGN_IN_FAILED,
}


class MailboxError(DomainError):
    """The mail server cannot be used."""

    code = "mailbox_error"
    status: ClassVar[int] = 422
    title = "The mail server cannot be used"

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail, problem=problem.value)
        self.problem = problem

    @property
    def account_status(self) -> EmailAccountStatus:
        """Return the status that the account gets for it."""
        return NEEDS_A_PERSON.get(self.problem, EmailAccountStatus.UNREACHABLE)

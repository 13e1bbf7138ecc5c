"""Send a user's own address what a lead would get. Features above register how a message leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns.accounts.models import EmailAccount
from campaigns.templates.previews import Preview
from campaigns.templates.rendering import RenderedMessage, with_unsubscribe_link
from lad.errors import Conflict, Invalid
from lad.tenancy.context import require_no_scope
from tenants import budgets
from tenants.accounts.models import User
from tenants.budgets import Budget

TestSender = Callable[[RenderedMessage, EmailAccount, User], None]

TEST_MESSAGES: Final = Budget("test-messages", size=20, interval=timedelta(minutes=3))
SUBJECT: Final = "[Test] {}"
# Only messages to leads have a link of their own.
NO_LINK: Final = "https://unsubscribe.invalid/works-in-messages-to-leads"

_senders: Final[list[TestSender]] = []


class AddressNotVerified(Conflict):
    """Test messages go to your own address. Verify it first: ask for the mail with the link in your account."""

    code = "address_not_verified"


def register_test_sender(sender: TestSender) -> TestSender:
    """Send test messages by this function, which raises a DomainError if it cannot."""
    _senders[:] = [sender]
    return sender


@dataclass(frozen=True, slots=True)
class TrialMessage:
    """A message to the user's own address that may be sent. It is no message to a lead, and counts nowhere."""

    message: RenderedMessage
    account: EmailAccount
    user: User

    def send(self) -> None:
        """Send it. Connects to the mail server: call it outside any scope. Raises the sender's errors."""
        require_no_scope("A mail server is asked")
        for send in _senders:
            send(self.message, self.account, self.user)


def trial_message(*, shown: Preview, account: EmailAccount, user: User, now: datetime) -> TrialMessage:
    """Return a previewed message, marked as a test, for the user's own verified address.

    Raises AddressNotVerified, Invalid if the texts have errors or the account is not in use, and BudgetSpent.
    """
    if errors := [problem for problem in shown.problems if not problem.hint]:
        raise Invalid(" ".join(f"{problem.field.capitalize()}: {problem}" for problem in errors))
    if not account.is_active:
        raise Invalid(errors={"account": ["This account is not in use. Activate it or choose another one."]})
    if not user.email_verified:
        raise AddressNotVerified
    budgets.spend([TEST_MESSAGES.of(subject=str(user.pk))], now=now)
    body, html = (with_unsubscribe_link(text, NO_LINK) for text in (shown.body, shown.html))
    return TrialMessage(RenderedMessage(SUBJECT.format(shown.subject), body, html), account, user)

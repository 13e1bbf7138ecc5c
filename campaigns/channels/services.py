"""Answer questions about channels for the features below them."""

from campaigns.accounts.mailbox.errors import MailboxError
from campaigns.accounts.models import EmailAccount
from campaigns.channels import report_places
from campaigns.channels.email.sending.driver import EMAIL
from campaigns.channels.gateway import reports as gateway_reports
from campaigns.channels.instagram import driver as instagram
from campaigns.channels.linkedin import driver as linkedin
from campaigns.channels.protocol import Fate
from campaigns.channels.sms import connecting as sms_accounts
from campaigns.channels.sms import receiving as sms
from campaigns.channels.whatsapp import connecting as whatsapp_accounts
from campaigns.channels.whatsapp import gateway as whatsapp_gateway
from campaigns.channels.whatsapp import receiving as whatsapp
from campaigns.channels.whatsapp.driver import WHATSAPP
from campaigns.mail_text import domain_of
from campaigns.messages.models import Message, MessageState
from campaigns.templates.rendering import RenderedMessage
from campaigns.templates.trials import register_test_sender
from lad.db.identifiers import uuid7
from lad.errors import Conflict
from leads.channels import Channel
from leads.contactability.models import ContactDirection, Purpose
from tenants.accounts.models import User

# Importing them registers them.
NETWORKS = (
    gateway_reports,
    instagram,
    linkedin,
    whatsapp_gateway,
    whatsapp,
    whatsapp_accounts,
    WHATSAPP,
    sms,
    sms_accounts,
    report_places,
)


class TestNotSent(Conflict):
    """The test message was not sent."""

    code = "test_not_sent"


@register_test_sender
def send_test_mail(rendered: RenderedMessage, account: EmailAccount, user: User) -> None:
    """Send the message to the user at once. It is not stored. Raises TestNotSent with what the server said."""
    key = uuid7()
    message = Message(
        pk=key,
        tenant_id=account.tenant_id,
        email_account=account,
        channel=Channel.EMAIL,
        direction=ContactDirection.OUTBOUND,
        purpose=Purpose.SERVICE,
        state=MessageState.SENDING,
        from_address=account.email,
        to_address=user.email,
        subject=rendered.subject,
        body=rendered.body,
        html=rendered.html,
        message_id=f"<{key}@{domain_of(account.email)}>",
    )
    try:
        session = EMAIL.open(account)
        try:
            result = session.send(message)
        finally:
            session.close()
    except MailboxError as error:
        raise TestNotSent(error.detail) from error
    if result.fate != Fate.SENT:
        raise TestNotSent(result.error)

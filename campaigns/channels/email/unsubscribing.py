"""The ways to unsubscribe that every campaign message carries."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from campaigns.channels.email.links import LinkPurpose, make_token, public_address
from campaigns.messages.models import Message

# The receiver reads the token after this word in the subject.
MAILTO_SUBJECT: Final = "unsubscribe"


@dataclass(frozen=True, slots=True)
class UnsubscribeLinks:
    """Addresses for the header List-Unsubscribe and the text. ``mailto`` is empty for a message without a mailbox."""

    http: str
    mailto: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of RFC 2369 and RFC 8058: mail programs show a button that posts to ``http``."""
        ways = [f"<{address}>" for address in (self.http, self.mailto) if address]
        return {"List-Unsubscribe": ", ".join(ways), "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe_links(message: Message) -> UnsubscribeLinks:
    """Return the addresses by which the recipient of the message unsubscribes."""
    token = make_token(LinkPurpose.UNSUBSCRIBE, message)
    http = public_address(message, LinkPurpose.UNSUBSCRIBE, token)
    if message.email_account is None:
        return UnsubscribeLinks(http)
    # An address of the account may have letters that a header cannot carry as they are.
    address = quote(message.email_account.email, safe="@+.-_")
    return UnsubscribeLinks(http, f"mailto:{address}?subject={quote(f'{MAILTO_SUBJECT} {token}')}")

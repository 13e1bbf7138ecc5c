"""Let the links of a message tell that they were clicked, and a picture that the message was opened.

Only for campaigns that track, from accounts with a tracking domain of their own: a shared one is blocked by mail
servers as soon as one tenant misuses it.
"""

import re
from html import escape, unescape
from typing import Final
from urllib.parse import urlsplit

from campaigns.channels.email.links import LinkPurpose, make_token, public_address
from campaigns.design.models import Campaign
from campaigns.design.schedule import schedule_of
from campaigns.messages.models import Message, MessageEventKind

# A longer address is left as it is: mail programs cut long ones.
MAX_TARGET_LENGTH: Final = 1_500
ANCHOR: Final = re.compile(r"<a\s[^<>]*>", re.IGNORECASE)
HREF: Final = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
PIXEL: Final = '<img src="{}" width="1" height="1" alt="" style="display:none">'


def with_tracking(html: str, message: Message, campaign: Campaign | None) -> str:
    """Return the HTML with tracked links and a tracking picture, as far as the campaign tracks.

    Left as they are: links to unsubscribe, addresses other than http, and those that name the recipient, because
    an address of LAD's names no person.
    """
    account = message.email_account
    if not html or account is None or not account.tracking_domain:
        return html
    if tracks(campaign, MessageEventKind.CLICKED):
        html = ANCHOR.sub(lambda found: _tracked_anchor(found[0], message), html)
    if tracks(campaign, MessageEventKind.OPENED):
        address = public_address(message, LinkPurpose.OPEN, make_token(LinkPurpose.OPEN, message), suffix=".gif")
        html = _before_end(html, PIXEL.format(escape(address)))
    return html


def tracks(campaign: Campaign | None, kind: MessageEventKind) -> bool:
    """Return whether the campaign tracks that messages are opened, or that links are clicked."""
    if campaign is None:
        return False
    tracking = schedule_of(campaign).tracking
    return tracking.clicks if kind == MessageEventKind.CLICKED else tracking.opens


def _tracked_anchor(tag: str, message: Message) -> str:
    found = HREF.search(tag)
    if found is None:
        return tag
    target = unescape(found[1] if found[1] is not None else found[2]).strip()
    if not _is_tracked(target, message):
        return tag
    address = public_address(message, LinkPurpose.CLICK, make_token(LinkPurpose.CLICK, message, target=target))
    return f'{tag[: found.start()]} href="{escape(address)}"{tag[found.end() :]}'


def _is_tracked(target: str, message: Message) -> bool:
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc or len(target) > MAX_TARGET_LENGTH:
        return False
    if message.to_address and message.to_address.lower() in target.lower().replace("%40", "@"):
        return False
    # A link to unsubscribe works without a detour.
    return not target.startswith(public_address(message, LinkPurpose.UNSUBSCRIBE, ""))


def _before_end(html: str, addition: str) -> str:
    position = max(html.rfind("</body>"), html.rfind("</BODY>"))
    return html + addition if position < 0 else html[:position] + addition + html[position:]

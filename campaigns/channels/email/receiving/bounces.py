"""Read from a report, or from a message of a mail server in its own words, why a message was not delivered."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from campaigns.channels.email.receiving.parsing import Mail, normalised_address

MAX_DIAGNOSTIC_LENGTH: Final = 500
MAX_FREE_TEXT: Final = 20_000
STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
# The reply of an SMTP server in free text: 550 or 550-5.1.1.
REPLY_CODE: Final = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
ADDRESS: Final = re.compile(r"(?<![\w.+-])[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


class BounceReason(StrEnum):
    """Why a message was not delivered."""

    NO_SUCH_ADDRESS = "no_such_address"
    NO_SUCH_DOMAIN = "no_such_domain"
    MAILBOX_CLOSED = "mailbox_closed"
    MAILBOX_FULL = "mailbox_full"
    TOO_LARGE = "too_large"
    BLOCKED = "blocked"
    NOT_REACHED = "not_reached"
    LOOP = "loop"
    OTHER = "other"


class Severity(StrEnum):
    """The meaning of a bounce: the address is gone, the address may work later, or the sender was refused."""

    HARD = "hard"
    SOFT = "soft"
    BLOCK = "block"


SENTENCES: Final[Mapping[BounceReason, str]] = {
    BounceReason.NO_SUCH_ADDRESS: "The address does not exist.",
    BounceReason.NO_SUCH_DOMAIN: "The domain of the address does not exist or takes no mail.",
    BounceReason.MAILBOX_CLOSED: "The mailbox is closed.",
    BounceReason.MAILBOX_FULL: "The mailbox is full.",
    BounceReason.TOO_LARGE: "The message is too large for the mailbox.",
    BounceReason.BLOCKED: "The recipient's server refuses mail from this sender.",
    BounceReason.NOT_REACHED: "The recipient's server could not be reached.",
    BounceReason.LOOP: "The message went round in circles at the recipient's.",
    BounceReason.OTHER: "The recipient's server refused the message.",
}
HARD_REASONS: Final = frozenset(
    {BounceReason.NO_SUCH_ADDRESS, BounceReason.NO_SUCH_DOMAIN, BounceReason.MAILBOX_CLOSED}
)

# What servers write, in the order in which it decides: the more specific first.
TEXTS: Final[tuple[tuple[BounceReason, tuple[str, ...]], ...]] = (
    (
        BounceReason.MAILBOX_FULL,
        (
            "mailbox full",
            "mailbox is full",
            "over quota",
            "overquota",
            "quota exceeded",
            "exceeded quota",
            "out of storage",
            "storage allocation",
            "insufficient storage",
            "over its quota",
            "quotaexceeded",
            "inbox is full",
            "postfach ist voll",
            "postfach voll",
            "boite pleine",
            "buzón lleno",
        ),
    ),
    (
        BounceReason.BLOCKED,
        (
            "spam",
            "blacklist",
            "blocklist",
            "block list",
            "blocked using",
            "is blocked",
            "has been blocked",
            "banned sending",
            "reputation",
            "spamhaus",
            "barracuda",
            "sorbs",
            "dmarc",
            "dkim",
            "spf ",
            "unauthenticated",
            "unsolicited",
            "content rejected",
            "message content",
            "rate limit",
            "too many",
            "policy",
            "not authorized",
            "not authorised",
            "relaying denied",
            "relay access denied",
            "unable to relay",
            "not permitted to relay",
            "only accepts messages from",
            "restricted",
        ),
    ),
    (
        BounceReason.NO_SUCH_ADDRESS,
        (
            "user unknown",
            "unknown user",
            "user doesn't exist",
            "user does not exist",
            "user not found",
            "no such user",
            "no such recipient",
            "no such mailbox",
            "no mailbox here by that name",
            "mailbox unavailable",
            "mailbox not found",
            "mailbox does not exist",
            "recipient not found",
            "recipientnotfound",
            "recipient unknown",
            "unknown recipient",
            "unknown local part",
            "unrouteable address",
            "address does not exist",
            "address not found",
            "address rejected",
            "invalid recipient",
            "invalid mailbox",
            "unknown address",
            "unknown or illegal alias",
            "email account that you tried to reach does not exist",
            "addressee unknown",
            "not a valid recipient",
            "does not exist",
            "doesn't exist",
            "no longer here",
            "no longer works",
            "existiert nicht",
            "unbekannter empfänger",
            "inconnu",
            "no existe",
        ),
    ),
    (
        BounceReason.MAILBOX_CLOSED,
        (
            "account disabled",
            "account is disabled",
            "account has been disabled",
            "mailbox disabled",
            "mailbox is disabled",
            "user disabled",
            "account inactive",
            "mailbox is inactive",
            "inactive user",
            "inactive account",
            "account that you tried to reach is disabled",
            "account has been suspended",
            "account closed",
        ),
    ),
    (
        BounceReason.NO_SUCH_DOMAIN,
        (
            "host not found",
            "host or domain name not found",
            "domain not found",
            "unknown host",
            "no such domain",
            "nxdomain",
            "couldn't find any host",
            "name service error",
            "does not accept mail",
            "nullmx",
            "null mx",
            "domain does not exist",
            "unrouteable mail domain",
        ),
    ),
    (BounceReason.TOO_LARGE, ("message too large", "message size exceeds", "size limit", "too big")),
    (BounceReason.LOOP, ("mail loop", "too many hops", "hop count", "routing loop", "loops back")),
    (
        BounceReason.NOT_REACHED,
        (
            "timed out",
            "timeout",
            "connection refused",
            "connection dropped",
            "network is unreachable",
            "no route to host",
            "delivery time expired",
            "retry time not reached",
            "retry timeout exceeded",
            "message expired",
            "in the queue too long",
            "try again later",
            "temporarily",
            "greylist",
        ),
    ),
)
# By RFC 3463, but as servers use the codes. The class, 4 or 5, decides in some of them.
STATUSES: Final[Mapping[str, BounceReason]] = {
    "1.0": BounceReason.NO_SUCH_ADDRESS,
    "1.1": BounceReason.NO_SUCH_ADDRESS,
    "1.2": BounceReason.NO_SUCH_DOMAIN,
    "1.3": BounceReason.NO_SUCH_ADDRESS,
    "1.6": BounceReason.NO_SUCH_ADDRESS,
    "1.10": BounceReason.NO_SUCH_DOMAIN,
    "2.0": BounceReason.OTHER,
    "2.1": BounceReason.MAILBOX_CLOSED,
    "2.2": BounceReason.MAILBOX_FULL,
    "2.3": BounceReason.TOO_LARGE,
    "3.4": BounceReason.TOO_LARGE,
    # Exchange Online, for an address that its directory does not have.
    "4.1": BounceReason.NO_SUCH_ADDRESS,
    "4.4": BounceReason.NO_SUCH_DOMAIN,
    "4.6": BounceReason.LOOP,
    "4.7": BounceReason.NOT_REACHED,
}
# The text is more reliable than these statuses, which servers use for anything.
UNCERTAIN_STATUSES: Final = ("", "0.0", "1.0", "1.10", "2.0", "3.0", "4.0", "4.1", "5.0", "7.0", "7.1")
POLICY_SUBJECT: Final = "7"
NETWORK_SUBJECT: Final = "4"
MARKS_OF_RETURNED_MESSAGE: Final = (
    "--- below this line is a copy of the message",
    "------ this is a copy of the message",
    "----- original message -----",
    "--- original message ---",
    "----- original message follows",
    "--- the header of the original message is following",
    "original message headers:",
    "------ this is a copy of your message",
    "-----original message-----",
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A failed delivery. ``status`` is that of RFC 3463, such as 5.1.1, or empty."""

    reason: BounceReason
    severity: Severity
    recipient: str = ""
    status: str = ""
    diagnostic: str = ""

    @property
    def sentence(self) -> str:
        """Return what happened, for people."""
        return SENTENCES[self.reason]

    @property
    def detail(self) -> dict[str, Any]:
        """Return what is kept with the event and with the message."""
        return {
            "severity": self.severity.value,
            "hard": self.severity == Severity.HARD,
            "reason": self.reason.value,
            "sentence": self.sentence,
            "status": self.status,
            "recipient": self.recipient,
            "text": self.diagnostic[:MAX_DIAGNOSTIC_LENGTH],
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """The content of a report of RFC 3464: ``action`` is failed, delayed, delivered, relayed or expanded."""

    action: str
    bounce: Bounce


def deliveries(mail: Mail) -> list[Delivery]:
    """Return what a delivery report says about each of its recipients. Raises nothing: what is missing is empty."""
    found = []
    for block in mail.blocks:
        recipient = block.get("final-recipient") or block.get("original-recipient") or ""
        action = block.get("action", "").strip().lower().split(" ", 1)[0]
        if not recipient and not action:
            continue
        status = _status(block.get("status", ""))
        diagnostic = block.get("diagnostic-code", "").partition(";")[2].strip() or block.get("diagnostic-code", "")
        address = normalised_address(block.get("original-recipient") or recipient)
        bounce = judge(status=status, text=diagnostic or mail.text[:MAX_DIAGNOSTIC_LENGTH], recipient=address)
        found.append(Delivery(action or "failed", bounce))
    return found


def free_text_bounce(mail: Mail) -> Bounce:
    """Return what a server says in its own words, such as qmail, Exim or an old Exchange."""
    text = _before_returned(mail.text[:MAX_FREE_TEXT])
    failed = normalised_address(mail.header("x-failed-recipients").split(",")[0])
    recipient = failed or next(iter(_addresses(text)), "")
    reply = REPLY_CODE.search(text)
    status = _status(text) or (f"{reply[1]}.0.0" if reply else "")
    line = _telling_line(text, recipient)
    judged = judge(status=status, text=line or text, recipient=recipient)
    return replace(judged, diagnostic=(line or text)[:MAX_DIAGNOSTIC_LENGTH].strip())


def judge(*, status: str, text: str, recipient: str = "") -> Bounce:
    """Decide from the status and the words of the server why it refused, and how bad that is."""
    lowered = " ".join(text[:MAX_FREE_TEXT].lower().split())
    status = status or _status(text)
    kind, _dot, code = status.partition(".")
    reason = _reason(kind, code, lowered)
    return Bounce(reason, _severity(reason, kind), recipient, status, " ".join(text.split())[:MAX_DIAGNOSTIC_LENGTH])


def _reason(kind: str, code: str, text: str) -> BounceReason:
    by_text = next((reason for reason, texts in TEXTS if any(each in text for each in texts)), None)
    if code in UNCERTAIN_STATUSES and by_text is not None:
        # A refusal of an address may name the policy by which it is refused.
        return _addressed(text) if code == "4.1" and kind == "5" else by_text
    if code in STATUSES:
        return STATUSES[code]
    if code.startswith(f"{POLICY_SUBJECT}."):
        # Some servers refuse unknown addresses as policy.
        return by_text if by_text in HARD_REASONS else BounceReason.BLOCKED
    if by_text is not None:
        return by_text
    return BounceReason.NOT_REACHED if code.startswith(f"{NETWORK_SUBJECT}.") or kind == "4" else BounceReason.OTHER


def _addressed(text: str) -> BounceReason:
    blocked = any(each in text for each in ("spam", "blacklist", "blocklist", "reputation", "banned"))
    return BounceReason.BLOCKED if blocked else BounceReason.NO_SUCH_ADDRESS


def _severity(reason: BounceReason, kind: str) -> Severity:
    if reason == BounceReason.BLOCKED:
        return Severity.BLOCK
    # A temporary status says that the address may work later, whatever else it says.
    return Severity.HARD if reason in HARD_REASONS and kind != "4" else Severity.SOFT


def _status(text: str) -> str:
    found = STATUS.search(text)
    return f"{found[1]}.{int(found[2])}.{int(found[3])}" if found else ""


def _addresses(text: str) -> Iterable[str]:
    return (found[0].lower().strip(".") for found in ADDRESS.finditer(text))


def _before_returned(text: str) -> str:
    """Return what the server says, without the message that it gives back."""
    lowered = text.lower()
    cuts = [at for mark in MARKS_OF_RETURNED_MESSAGE if (at := lowered.find(mark)) >= 0]
    return text[: min(cuts, default=len(text))]


def _telling_line(text: str, recipient: str) -> str:
    """Return the lines about the recipient, or those with the server's reply."""
    lines = [line.strip() for line in text.split("\n")]
    for number, line in enumerate(lines):
        if recipient and recipient in line.lower():
            return " ".join(lines[number : number + 4])
    return next((line for line in lines if REPLY_CODE.search(line) or STATUS.search(line)), "")

"""The kinds of mail. The feature that owns a kind registers it in its ``mails.py``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from lad.registry import Registry

if TYPE_CHECKING:
    from lad.mail.models import MailDelivery


class Obsolete(Exception):
    """The mail has lost its purpose since it was queued. The message says why."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Content:
    """Subject and text of a mail. ``template`` is a path without suffix; both ``.txt`` and ``.html`` must exist."""

    subject: str
    template: str
    context: Mapping[str, object]
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class MailKind:
    """One kind of mail.

    ``build(delivery, now)`` makes the mail. It runs in a platform scope when the mail is sent and may
    raise Obsolete. ``sent(delivery)`` runs in the transaction that records the mail as sent; an
    exception it raises is logged and changes nothing else. ``bulk`` mails are sent after all others.
    """

    key: str
    label: str
    build: "Callable[[MailDelivery, datetime], Content]"
    sent: "Callable[[MailDelivery], None] | None" = None
    bulk: bool = False


mail_kinds: Final = Registry[MailKind]("mail kind")

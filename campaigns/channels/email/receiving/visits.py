"""Record that a message was opened or a link of it was clicked, and by whom: a person or a program."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.db.models import F
from django.db.models.functions import Coalesce

from campaigns.channels import effects
from campaigns.channels.effects import Happening
from campaigns.channels.email.links import LinkClaim
from campaigns.channels.email.receiving.machines import BETWEEN_CLICKS, is_machine
from campaigns.channels.email.tracking import tracks
from campaigns.messages.models import Message, MessageEvent, MessageEventKind
from lad.tenancy.context import tenant_context

COLUMNS: Final = {MessageEventKind.OPENED: "opened_at", MessageEventKind.CLICKED: "clicked_at"}
# More opens of one message are not recorded.
MAX_EVENTS: Final = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a link of a message."""

    at: datetime
    method: str = "GET"
    agent: str = ""
    purpose: str = ""


def opened(claim: LinkClaim, visit: Visit) -> None:
    """Record that the message's picture was fetched. Nothing if its campaign does not track that (any more)."""
    _record(claim, MessageEventKind.OPENED, visit)


def clicked(claim: LinkClaim, visit: Visit) -> None:
    """Record that the link was followed. Nothing if the message's campaign does not track that (any more)."""
    _record(claim, MessageEventKind.CLICKED, visit)


def _record(claim: LinkClaim, kind: MessageEventKind, visit: Visit) -> None:
    with tenant_context(claim.tenant_id):
        rows = Message.objects.select_related("campaign").select_for_update(no_key=True, of=("self",))
        message = rows.filter(pk=claim.message_id).first()
        if message is None or not tracks(message.campaign, kind):
            return
        known = MessageEvent.objects.filter(message=message.pk, kind=kind)
        if known.count() >= MAX_EVENTS:
            return
        by_machine = is_machine(
            method=visit.method,
            agent=visit.agent,
            purpose=visit.purpose,
            sent_at=message.occurred_at,
            at=visit.at,
        )
        detail = {"agent": visit.agent[:200], **({"link": claim.target} if claim.target else {})}
        if kind == MessageEventKind.CLICKED and not by_machine:
            recent = known.filter(occurred_at__gt=visit.at - BETWEEN_CLICKS).exclude(detail__link=claim.target)
            by_machine = recent.exists()
        if not by_machine:
            column = COLUMNS[kind]
            Message.objects.filter(pk=message.pk).update(**{column: Coalesce(F(column), visit.at)})
            setattr(message, column, getattr(message, column) or visit.at)
        effects.record([Happening(message, kind, visit.at, _key(claim, visit), detail, by_machine)])


def _key(claim: LinkClaim, visit: Visit) -> str:
    """Return what identifies the visit: one program's visits to one link in an hour are one."""
    digest = sha256(f"{visit.method} {visit.agent} {claim.target}".encode("utf-8", "replace")).hexdigest()[:24]
    return f"{visit.at:%Y-%m-%dT%H} {digest}"

"""Stop an account whose messages bounce or are reported as spam, before its provider or the receivers do.

An account counts its messages, and keeps the count at which each bounce and complaint came. So the last so many
messages are judged without reading one of them. A stopped account goes on only when a person says so.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import transaction

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.accounts.services import keep, stop
from lad.errors import Conflict
from lad.outbox.emission import emit
from lad.types import Actor


class Harm(StrEnum):
    """What damages the reputation of an account."""

    BOUNCES = "bounces"
    COMPLAINTS = "complaints"


LIMITS: Final = {Harm.BOUNCES: "max_bounces", Harm.COMPLAINTS: "max_complaints"}
# The worse one is named first.
REASONS: Final = {
    Harm.COMPLAINTS: (
        "{number} of the last {window:,} messages were reported as spam, more than the {limit} that you allow. Check"
        " whom you write to and what you promise, then press Resume on the account's page."
    ),
    Harm.BOUNCES: (
        "{number} of the last {window:,} messages bounced, more than the {limit} that you allow. Check where the"
        " addresses come from, then press Resume on the account's page."
    ),
}


class NotHalted(Conflict):
    """The account was not stopped for bounces or complaints, so there is nothing to resume."""

    code = "not_halted"


@dataclass(frozen=True, slots=True)
class Health:
    """How many of the account's last messages bounced or were reported as spam, and how many may."""

    window: int
    bounces: int
    max_bounces: int
    complaints: int
    max_complaints: int


def health_of(account: EmailAccount) -> Health:
    """Return the state of the account's last messages."""
    found = {harm: len(_within(account, harm)) for harm in Harm}
    return Health(
        window=account.health_window,
        bounces=found[Harm.BOUNCES],
        max_bounces=account.max_bounces,
        complaints=found[Harm.COMPLAINTS],
        max_complaints=account.max_complaints,
    )


@transaction.atomic
def count(happened: Mapping[UUID, Counter[Harm]]) -> None:
    """Add bounces and complaints, by account, and stop each account that has too many now. Tells its people."""
    rows = EmailAccount.objects.filter(pk__in=list(happened)).order_by("pk").select_for_update(no_key=True)
    for account in rows:
        counts = happened[account.pk]
        health = {
            harm.value: [*_within(account, harm), *[account.messages_sent] * counts[harm]][-account.health_window :]
            for harm in Harm
        }
        keep(account, health=health)
        reason = _reason(account)
        if reason and account.status != EmailAccountStatus.HALTED:
            stop(account=account, status=EmailAccountStatus.HALTED, reason=reason)


@transaction.atomic
def resume(*, account: EmailAccount, actor: Actor) -> EmailAccount:
    """Let an account that was stopped for bounces or complaints send again. Its messages are counted anew.

    Emits an event. Raises NotHalted.
    """
    row: EmailAccount = EmailAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if row.status != EmailAccountStatus.HALTED:
        raise NotHalted
    keep(row, status=EmailAccountStatus.UNTESTED, status_reason="", failures=0, next_send_at=None, health={})
    emit("campaigns.email_account.resumed", aggregate=row, payload={}, actor=actor)
    return row


def _within(account: EmailAccount, harm: Harm) -> list[int]:
    """Return the counts of messages at which it happened, of the last messages only."""
    first = account.messages_sent - account.health_window
    return [at for at in account.health.get(harm.value, []) if at > first]


def _reason(account: EmailAccount) -> str:
    for harm, text in REASONS.items():
        number, limit = len(_within(account, harm)), getattr(account, LIMITS[harm])
        if number > limit:
            return text.format(number=number, window=account.health_window, limit=limit)
    return ""

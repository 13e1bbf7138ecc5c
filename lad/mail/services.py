"""Queue mail, and send again or cancel a mail that was not sent."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from django.utils import timezone

from lad.errors import Conflict
from lad.mail.kinds import MailKind, mail_kinds
from lad.mail.models import MailDelivery, MailState
from lad.notifier import WorkerNotifier
from lad.outbox.consumers import Event
from lad.tenancy.context import platform_context

RESENDABLE: Final = (MailState.UNKNOWN, MailState.FAILED, MailState.CANCELLED)
CANCELLABLE: Final = (MailState.QUEUED, MailState.UNKNOWN, MailState.FAILED)
SUPERSEDED: Final = "Replaced by a newer mail with a newer link."

_notifier = WorkerNotifier("tenants.send_mail")


class MailUnderWay(Conflict):
    """The mail is being sent or was sent. Only a mail that failed, was cancelled or is unknown can be sent again."""

    code = "mail_under_way"


def queue(*, kind: MailKind, tenant_id: UUID | None, to: str, subject_id: UUID, key: str) -> MailDelivery:
    """Queue one mail inside the caller's transaction and return it.

    ``key`` identifies the mail for good: queueing it again returns the first one. Raises UnknownKey for a
    kind that is not registered.
    """
    with platform_context(tenant_id=tenant_id):
        mail = MailDelivery(
            tenant_id=tenant_id,
            kind=kind.key,
            to_address=to,
            subject_id=subject_id,
            idempotency_key=key,
            next_attempt_at=timezone.now(),
        )
        queue_all([mail])
        queued: MailDelivery = MailDelivery.objects.get(idempotency_key=key)
    return queued


def resend(*, delivery_id: UUID) -> MailDelivery:
    """Queue a mail again. Raises MailUnderWay."""
    return _change_state(delivery_id, RESENDABLE, state=MailState.QUEUED, next_attempt_at=timezone.now(), error="")


def cancel(*, delivery_id: UUID) -> MailDelivery:
    """Cancel a mail that was not sent. Raises MailUnderWay."""
    return _change_state(delivery_id, CANCELLABLE, state=MailState.CANCELLED, next_attempt_at=None)


def _change_state(delivery_id: UUID, allowed: Iterable[str], **values: object) -> MailDelivery:
    with platform_context():
        mail: MailDelivery = MailDelivery.objects.select_for_update().get(pk=delivery_id)
        if mail.state not in allowed:
            raise MailUnderWay(f"The mail is {mail.state} and cannot become {values['state']}.", state=mail.state)
        for name, value in values.items():
            setattr(mail, name, value)
        mail.save(update_fields=[*values])
        if mail.state == MailState.QUEUED:
            _notifier.notify_on_commit()
    return mail


def new_delivery(event: Event, kind: MailKind, *, to: str, subject_id: UUID) -> MailDelivery:
    """Return an unsaved mail that the event caused. Its key derives from the event."""
    return MailDelivery(
        tenant_id=event.tenant_id,
        kind=kind.key,
        to_address=to,
        subject_id=subject_id,
        idempotency_key=f"{kind.key}.{event.id}",
        next_attempt_at=timezone.now(),
    )


def new_deliveries(event: Event, kind: MailKind, *, to: Sequence[str], subject_id: UUID) -> list[MailDelivery]:
    """Return unsaved mails to several people that the event caused. Their keys derive from it and from the place."""
    mails = [new_delivery(event, kind, to=address, subject_id=subject_id) for address in to]
    for place, mail in enumerate(mails):
        mail.idempotency_key = f"{mail.idempotency_key}.{place}"
    return mails


def queue_all(deliveries: Iterable[MailDelivery]) -> None:
    """Queue the mails inside the caller's transaction. Raises UnknownKey for a kind that is not registered."""
    rows = list(deliveries)
    for row in rows:
        mail_kinds.get(row.kind)
    # A replayed event has queued its mail already.
    MailDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        _notifier.notify_on_commit()


def supersede(kind: MailKind, newest: dict[UUID | None, Event]) -> None:
    """Cancel queued mails about the same subjects that an earlier event caused."""
    keys = {f"{kind.key}.{event.id}" for event in newest.values()}
    MailDelivery.objects.filter(kind=kind.key, subject_id__in=list(newest), state=MailState.QUEUED).exclude(
        idempotency_key__in=keys
    ).update(state=MailState.CANCELLED, next_attempt_at=None, error=SUPERSEDED)

"""The mail that carries an invitation's link."""

from datetime import datetime

from lad.mail.messages import Content, Obsolete, link, register
from lad.mail.models import MailDelivery, MailKind
from lad.mail.services import new_delivery, queue_all, supersede
from lad.outbox.consumers import Batch
from tenants.teams import tokens
from tenants.teams.models import TenantInvitation


def _invitation(delivery: MailDelivery, now: datetime) -> Content:
    row = TenantInvitation.all_objects.select_related("tenant", "invited_by").filter(pk=delivery.subject_id).first()
    if row is None:
        raise Obsolete("The invitation is gone.")
    status = row.status(now)
    if status != "pending":
        raise Obsolete(f"The invitation is {status}.")
    subject = f"{row.invited_by.full_name} invites you to {row.tenant.name} on LAD"
    context = {
        "invitation": row,
        "inviter": row.invited_by.full_name,
        "tenant": row.tenant.name,
        "role": row.get_role_display().lower(),
        "link": link("/invitations/accept", tokens.invitation_token(row)),
    }
    return Content(subject, "tenants/mail/invitation", context)


def queue_invitations(batch: Batch) -> None:
    """One mail per event; a mail of the same invitation that has not left yet is superseded."""
    invitations = TenantInvitation.all_objects.in_bulk(batch.aggregate_ids)
    newest = {event.aggregate_id: event for event in batch if event.aggregate_id in invitations}
    supersede(MailKind.INVITATION, newest)
    queue_all(
        new_delivery(event, MailKind.INVITATION, to=invitations[key].email, subject_id=invitations[key].pk)
        for key, event in newest.items()
    )


register(MailKind.INVITATION, _invitation)

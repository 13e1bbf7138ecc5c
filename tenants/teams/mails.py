"""The mail with an invitation's link."""

from datetime import datetime

from lad import names
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import new_delivery, queue_all, supersede
from lad.outbox.consumers import Batch
from tenants.access.authority import is_backed
from tenants.teams import tokens
from tenants.teams.models import TenantInvitation


def _invitation(delivery: MailDelivery, now: datetime) -> Content:
    row = TenantInvitation.all_objects.select_related("tenant", "invited_by").filter(pk=delivery.subject_id).first()
    if row is None:
        raise Obsolete("The invitation was deleted.")
    status = row.status(now)
    if status != "pending":
        raise Obsolete(f"The invitation is {status}.")
    if not is_backed(row):
        raise Obsolete("Whoever sent the invitation may no longer invite.")
    # Only the text names people and tenants: they chose their names themselves, and strangers read the subject.
    context = {
        "invitation": row,
        "inviter": names.shown(row.invited_by.full_name, otherwise=row.invited_by.email),
        "tenant": names.shown(row.tenant.name, otherwise="a team"),
        "message": row.message if names.is_message(row.message) else "",
        "role": row.get_role_display().lower(),
        "link": link("/invitations/accept", page="accept-invitation/", token=tokens.invitation_token(row)),
    }
    return Content("You are invited to a team on LAD", "tenants/teams/invitation", context)


def queue_invitations(batch: Batch) -> None:
    """Queue one mail per invitation, superseding those not sent yet."""
    invitations = TenantInvitation.all_objects.in_bulk(batch.aggregate_ids)
    newest = {event.aggregate_id: event for event in batch if event.aggregate_id in invitations}
    supersede(INVITATION, newest)
    queue_all(
        new_delivery(event, INVITATION, to=invitations[key].email, subject_id=invitations[key].pk)
        for key, event in newest.items()
    )


INVITATION = mail_kinds.register(MailKind("invitation", "Invitation", _invitation, bulk=True))

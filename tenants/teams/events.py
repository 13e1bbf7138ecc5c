"""What happens in the tenants domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch, consumes
from tenants.teams.mails import queue_invitations

define("tenants.tenant.created", "{actor} set up {subject}", optional=["name"])


define("tenants.tenant.suspended", "{actor} suspended {subject}", fields=["before", "reason"])


define("tenants.tenant.reactivated", "{actor} reactivated {subject}", fields=["before", "reason"])


define("tenants.tenant.cancelled", "{actor} cancelled {subject}", fields=["before", "reason"])


define("tenants.tenant.trial_ended", "The trial of {subject} ended", fields=["before", "reason"])


define("tenants.membership.created", "{subject} joined as {role}", optional=["user_id", "role"])


define("tenants.membership.revived", "{subject} joined again as {role}", fields=["user_id", "role"])


define(
    "tenants.membership.role_changed",
    "{actor} changed the role of {subject} from {before} to {after}",
    fields=["user_id", "before", "after"],
)


define("tenants.membership.removed", "{actor} removed {subject}", fields=["user_id", "role"])


define(
    "tenants.membership.ownership_transferred",
    "{actor} made {subject} the owner",
    fields=["from_user_id", "to_user_id"],
)


define("tenants.invitation.created", "{actor} invited {email} as {role}", fields=["email", "role"])


define("tenants.invitation.resent", "{actor} invited {email} again", fields=["email", "role", "number"])


define("tenants.invitation.revoked", "{actor} withdrew the invitation of {email}", fields=["email", "role"])


define("tenants.invitation.accepted", "{email} accepted the invitation", fields=["email", "role", "user_id"])


@consumes(["tenants.invitation.created", "tenants.invitation.resent"], name="invitation-mail")
def mail_invitations(batch: Batch) -> None:
    """Queues the mail that carries an invitation's link."""
    queue_invitations(batch)

"""What happens in the tenants domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from tenants import activity
from tenants.mail import outgoing
from tenants.outbox import Batch, consumes, define

define("tenants.tenant.created", "{actor} set up {subject}", optional=["name"])
define("tenants.tenant.suspended", "{actor} suspended {subject}", fields=["before", "reason"])
define("tenants.tenant.reactivated", "{actor} reactivated {subject}", fields=["before", "reason"])
define("tenants.tenant.cancelled", "{actor} cancelled {subject}", fields=["before", "reason"])
define("tenants.tenant.trial_ended", "The trial of {subject} ended", fields=["before", "reason"])

define("tenants.user.signed_up", "{subject} signed up")
define("tenants.user.verification_requested", "{subject} asked for another mail to confirm their address")
define("tenants.user.email_verified", "{subject} confirmed their e-mail address")
define("tenants.user.password_changed", "{subject} changed their password")
define("tenants.user.password_reset_requested", "{subject} asked for a new password")
define("tenants.user.identity_linked", "{subject} can sign in with {provider}", fields=["provider"])

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


@consumes("*", name="activity-feed", told_only=True)
def feed(batch: Batch) -> None:
    """Tells each event in a sentence in the tenant's activity feed."""
    activity.record(batch)


@consumes(["tenants.invitation.created", "tenants.invitation.resent"], name="invitation-mail")
def mail_invitations(batch: Batch) -> None:
    """Queues the mail that carries an invitation's link."""
    outgoing.queue_invitations(batch)


@consumes(
    ["tenants.user.signed_up", "tenants.user.verification_requested", "tenants.user.password_reset_requested"],
    name="account-mail",
)
def mail_accounts(batch: Batch) -> None:
    """Queues the mails that confirm an address and that reset a password."""
    outgoing.queue_account_mails(batch)

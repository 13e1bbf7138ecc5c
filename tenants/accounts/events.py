"""Domain events of accounts, and the consumer that sends their mails.

Created, updated, deleted and restored events of each model are defined automatically.
"""

from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch, consumes
from tenants.accounts.mails import queue_account_mails

define("tenants.user.signed_up", "{subject} signed up")
define("tenants.user.verification_requested", "{subject} asked for another mail to confirm their address")
define("tenants.user.email_verified", "{subject} confirmed their e-mail address")
define("tenants.user.password_changed", "{subject} changed their password")
define("tenants.user.password_reset_requested", "{subject} asked for a new password")
define("tenants.user.session_ended", "A session of {subject} was ended")
define("tenants.user.identity_linked", "{subject} can sign in with {provider}", fields=["provider"])


@consumes(
    ["tenants.user.signed_up", "tenants.user.verification_requested", "tenants.user.password_reset_requested"],
    name="account-mail",
)
def mail_accounts(batch: Batch) -> None:
    """Queues the mails that verify an address or reset a password."""
    queue_account_mails(batch)

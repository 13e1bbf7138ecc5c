"""Events of sending accounts. Created, updated, deleted and restored rows are in the catalogue already."""

from campaigns.accounts.network_mails import queue_notices
from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch, consumes

define("campaigns.email_account.stopped", "{subject} stopped sending", fields=["status", "reason"])
define("campaigns.email_account.resumed", "{actor} resumed {subject}")
define("campaigns.email_account.connected", "{actor} connected {subject}", fields=["sign_in"])

TROUBLE = []
for account in ("campaigns.linkedin_account", "campaigns.channel_account"):
    define(f"{account}.connected", "{subject} was connected", fields=["again"])
    define(f"{account}.resumed", "{actor} resumed {subject}")
    define(f"{account}.disconnected", "{actor} disconnected {subject}")
    TROUBLE += [
        define(f"{account}.stopped", "{subject} stopped: {reason}", fields=["status", "reason"]).name,
        define(f"{account}.status_changed", "{subject} is now {status}", fields=["status", "was", "reason"]).name,
    ]


@consumes(TROUBLE, name="network-account-mail")
def mail_stopped_accounts(batch: Batch) -> None:
    """Queues a mail to the people of each account that has stopped."""
    queue_notices(batch)

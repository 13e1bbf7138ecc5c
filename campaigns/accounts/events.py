"""Events of sending accounts. Created, updated, deleted and restored rows are in the catalogue already."""

from lad.outbox.catalogue import define

define("campaigns.email_account.stopped", "{subject} stopped sending", fields=["status", "reason"])
define("campaigns.email_account.resumed", "{actor} resumed {subject}")
define("campaigns.email_account.connected", "{actor} connected {subject}", fields=["sign_in"])

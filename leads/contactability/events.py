"""Events of contactability. Created, updated, deleted and restored rows are in the catalogue already."""

from lad.outbox.catalogue import define

define(
    "leads.lead.suppressed",
    "{subject} is on the do-not-contact list ({reason})",
    fields=["channel", "scope", "reason"],
)

define(
    "leads.suppression.imported",
    "{actor} put {count} addresses on the do-not-contact list",
    fields=["count", "channel", "reason"],
)

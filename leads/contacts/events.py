"""What happens in the leads domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from lad.outbox.catalogue import define

define("leads.lead.stage_changed", "{actor} moved {subject} from {before} to {after}", fields=["before", "after"])


define(
    "leads.lead.status_changed",
    "{actor} changed the status of {subject} from {before} to {after}",
    fields=["before", "after"],
)


define("leads.lead.assigned", "{actor} gave {subject} a new owner", fields=["before", "after"])

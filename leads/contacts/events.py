"""Events of leads. Created, updated, deleted and restored rows are in the catalogue already."""

from lad.outbox.catalogue import define

define("leads.lead.stage_changed", "{actor} moved {subject} from {before} to {after}", fields=["before", "after"])


define(
    "leads.lead.status_changed",
    "{actor} changed the status of {subject} from {before} to {after}",
    fields=["before", "after"],
)


define("leads.lead.assigned", "{actor} assigned {subject}", fields=["before", "after"])

"""Events of the caches of companies."""

from lad.outbox.catalogue import define

define(
    "leads.company.described",
    "A directory told more about companies",
    fields=["domains"],
    in_feed=False,
)

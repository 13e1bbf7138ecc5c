"""Domain events of the price list."""

from lad.outbox.catalogue import define

# Emitted for a tenant's own prices only; events always belong to a tenant.
define(
    "billing.price.changed",
    "{actor} changed the price of {subject} from {before} to {after}",
    fields=["price_id", "before", "after", "effective_from"],
)

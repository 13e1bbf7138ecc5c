"""What happens in the billing domain, and who acts on it."""

from lad.outbox.catalogue import define

# A tenant's own prices only: a change of the common price list belongs to no tenant.
define(
    "billing.price.changed",
    "{actor} changed the price of {subject} from {before} to {after}",
    fields=["price_id", "before", "after", "effective_from"],
)

"""What happens in the billing domain, and who acts on it."""

from lad.outbox.catalogue import define

define("billing.usage.voided", "{actor} voided the use {subject}", fields=["before", "reason", "cost", "currency"])

"""Domain events of usage."""

from lad.outbox.catalogue import define

define("billing.usage.voided", "{actor} voided the usage {subject}", fields=["before", "reason", "cost", "currency"])

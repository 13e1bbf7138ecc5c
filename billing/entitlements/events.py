"""Domain events of quotas."""

from lad.outbox.catalogue import define

QUOTA = ["feature_key", "window", "quota", "used", "resets_at"]


define("billing.entitlement.nearly_used", "{feature_key} has used {used} of {quota} this {window}", fields=QUOTA)


define("billing.entitlement.used_up", "{feature_key} has used up its {quota} of this {window}", fields=QUOTA)

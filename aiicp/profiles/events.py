"""Events of customer profiles."""

from lad.outbox.catalogue import define

define(
    "aiicp.icp_profile.saved",
    "{actor} saved the customer profile {subject} from a conversation",
    fields=["conversation_id"],
)


define("aiicp.icp_profile.used", "{actor} searched with the customer profile {subject}", fields=["usage_count"])


define(
    "aiicp.icp_profile.version_restored",
    "{actor} restored version {number} of the customer profile {subject}",
    fields=["number"],
)

"""What happens in the aiicp domain, and who acts on it.

Conversations are private to their owner, and so the activity feed, which everybody reads, tells of none.
"""

from lad.outbox.catalogue import define

define(
    "aiicp.icp_profile.saved",
    "{actor} saved the customer profile {subject} from a conversation",
    fields=["conversation_id"],
)


define("aiicp.icp_profile.used", "{actor} searched with the customer profile {subject}", fields=["usage_count"])

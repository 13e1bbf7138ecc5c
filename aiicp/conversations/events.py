"""What happens in the aiicp domain, and who acts on it.

Conversations are private to their owner, and so the activity feed, which everybody reads, tells of none.
"""

from lad.outbox.catalogue import define

for _verb in ("created", "updated", "deleted", "restored"):
    define(
        f"aiicp.conversation.{_verb}",
        f"{{actor}} {_verb} the conversation",
        optional=["changed"],
        told=False,
    )


define("aiicp.conversation.archived", "{actor} archived the conversation", told=False)


define("aiicp.conversation.completed", "{actor} completed the conversation", told=False)


define("aiicp.conversation.reopened", "{actor} reopened the conversation", fields=["before"], told=False)


define(
    "aiicp.message.posted",
    "{actor} wrote to the assistant",
    fields=["conversation_id", "role"],
    told=False,
)

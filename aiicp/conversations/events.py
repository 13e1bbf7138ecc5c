"""Events of conversations and messages.

Conversations are private to their owner, so none of these events appears in the activity feed.
"""

from lad.outbox.catalogue import define

for _verb in ("created", "updated", "deleted", "restored"):
    define(
        f"aiicp.conversation.{_verb}",
        f"{{actor}} {_verb} the conversation",
        optional=["changed"],
        in_feed=False,
    )


define("aiicp.conversation.archived", "{actor} archived the conversation", in_feed=False)

define("aiicp.conversation.completed", "{actor} completed the conversation", in_feed=False)

define("aiicp.conversation.reopened", "{actor} reopened the conversation", fields=["before"], in_feed=False)

define(
    "aiicp.message.posted",
    "{actor} wrote to the assistant",
    fields=["conversation_id", "role"],
    in_feed=False,
)

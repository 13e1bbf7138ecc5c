"""The triggers that write each change of a fact to ``campaign_figure_entries``, whoever writes the fact."""

from typing import Final

from lad.db.constraints import ConditionalTrigger, Trigger

SPEAKING: Final = "('sent', 'received')"
# What of a message the figures depend on.
READ: Final = (
    "state", "kind", "action", "campaign_id", "campaign_lead_id", "step_id", "email_account_id",
    "linkedin_account_id", "channel_account_id", "occurred_at", "opened_at", "clicked_at", "replied_at",
    "bounced_at", "delivered_at",
)  # fmt: skip


def counted_by(function: str, table: str) -> tuple[Trigger, ...]:
    """Return the triggers of a table whose rows are written many at once: one call of the function a statement."""

    def trigger(event: str, transition: str) -> Trigger:
        name = f"{table}_figures_{event.lower()}"
        return Trigger(
            name=name, function=function, when="AFTER", event=event, level="STATEMENT", transition=transition
        )

    return (
        trigger("INSERT", "NEW TABLE AS new_rows"),
        trigger("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        trigger("DELETE", "OLD TABLE AS old_rows"),
    )


def events_noted(table: str) -> Trigger:
    """Return the trigger of the events of messages."""
    return Trigger(
        name=f"{table}_figures_insert",
        function="campaigns_note_events",
        when="AFTER",
        event="INSERT",
        level="STATEMENT",
        transition="NEW TABLE AS new_rows",
    )


def _on_messages(event: str, condition: str) -> Trigger:
    return ConditionalTrigger(
        name=f"messages_figures_{event.partition(' ')[0].lower()}",
        function="campaigns_count_messages",
        when="AFTER",
        event=event,
        condition=condition,
    )


# A message is written half a dozen times before it is sent. Row triggers with a condition leave those writes alone.
# Reading the condition takes a tenth of a millisecond, which a write of no such column is spared.
MESSAGE_TRIGGERS: Final = (
    _on_messages("INSERT", f"NEW.state IN {SPEAKING} AND NEW.campaign_id IS NOT NULL"),
    _on_messages(
        f"UPDATE OF {', '.join(READ)}",
        f"(OLD.state IN {SPEAKING} OR NEW.state IN {SPEAKING})"
        f" AND ({', '.join(f'OLD.{name}' for name in READ)}) IS DISTINCT FROM"
        f" ({', '.join(f'NEW.{name}' for name in READ)})",
    ),
    _on_messages("DELETE", f"OLD.state IN {SPEAKING} AND OLD.campaign_id IS NOT NULL"),
)

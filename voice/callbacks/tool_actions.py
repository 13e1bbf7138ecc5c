"""The tools that LAD offers its agents."""

from leads.channels import Channel
from leads.contactability.models import SuppressionReason
from leads.contactability.services import suppress
from voice.callbacks.tools import Asked, tool


@tool("do_not_call_again", "Do not call again")
def do_not_call_again(asked: Asked) -> str:
    """Put the person on the do-not-contact list, with the number that was called."""
    call = asked.call
    evidence = {"call_id": str(call.pk), "words": asked.text("words", "reason")[:500]}
    suppress(
        lead=call.lead,
        address=call.phone.e164,
        channel=Channel.VOICE,
        reason=SuppressionReason.UNSUBSCRIBED,
        source="voice_agent",
        evidence=evidence,
    )
    return "This number is on the do-not-contact list now and will not be called again."

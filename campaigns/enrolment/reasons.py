"""Why an enrolment waits or has ended: a code for programs and a sentence for people."""

from enum import StrEnum
from typing import Final


class EnrolmentReason(StrEnum):
    """The engine's own reasons. An enrolment that contactability holds back has one of that feature's codes."""

    # Waiting
    DELAY = "delay"
    CONDITION = "condition"
    NOT_CONNECTED = "not_connected"
    SENDING = "sending"
    MANUAL_TASK = "manual_task"
    WEBHOOK = "webhook"
    CALLING = "calling"
    CHANNEL_NOT_CONNECTED = "channel_not_connected"
    NO_ACCOUNT = "no_account"
    DAILY_CAP = "daily_cap"
    MISSING_VARIABLE = "missing_variable"
    IN_OTHER_CAMPAIGN = "in_other_campaign"
    RECENT_TOUCH = "recent_touch"
    OUT_OF_OFFICE = "out_of_office"
    NO_CREDIT = "no_credit"
    # A message has been settled; the engine acts on it next.
    SENT = "sent"
    SEND_FAILED = "send_failed"
    SEND_CANCELLED = "send_cancelled"
    # A task has been settled; the engine acts on it next.
    TASK_DONE = "task_done"
    TASK_SKIPPED = "task_skipped"
    # A call of a webhook has ended; the engine acts on it next.
    WEBHOOK_DONE = "webhook_done"
    WEBHOOK_FAILED = "webhook_failed"
    # A call has ended; the engine acts on it next.
    CALL_ANSWERED = "call_answered"
    CALL_NOT_INTERESTED = "call_not_interested"
    CALL_VOICEMAIL = "call_voicemail"
    CALL_NOT_REACHED = "call_not_reached"
    CALL_FAILED = "call_failed"
    CALL_CANCELLED = "call_cancelled"
    # Ended
    FINISHED = "finished"
    GOAL = "goal_reached"
    REPLIED = "replied"
    COMPANY_REPLIED = "company_replied"
    CLICKED = "clicked"
    BOOKED = "booked"
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    REFUSED = "refused"
    ARCHIVED = "archived"
    LEAD_DELETED = "lead_deleted"
    CAMPAIGN_STOPPED = "campaign_stopped"
    CAMPAIGN_OVER = "campaign_over"
    STOPPED_BY_HAND = "stopped_by_hand"
    ENDLESS_LOOP = "endless_loop"
    BAD_TEMPLATE = "bad_template"
    UNEXPECTED = "unexpected_error"


SENTENCES: Final[dict[EnrolmentReason, str]] = {
    EnrolmentReason.DELAY: "A delay is not over yet.",
    EnrolmentReason.CONDITION: "It waits until a condition is met.",
    EnrolmentReason.NOT_CONNECTED: "The lead has not accepted the invitation to connect yet.",
    EnrolmentReason.SENDING: "A message is on its way.",
    EnrolmentReason.MANUAL_TASK: "Somebody has a task to do first.",
    EnrolmentReason.WEBHOOK: "A call to another system is under way.",
    EnrolmentReason.CALLING: "A call to the lead is planned or under way.",
    EnrolmentReason.CHANNEL_NOT_CONNECTED: "No account is connected for the channel of the step. Connect one.",
    EnrolmentReason.NO_ACCOUNT: "No account can do the step now.",
    EnrolmentReason.DAILY_CAP: "The campaign's messages of the day are used up.",
    EnrolmentReason.MISSING_VARIABLE: "The message uses details that the lead does not have. Fill them in.",
    EnrolmentReason.IN_OTHER_CAMPAIGN: "Another campaign is writing to the lead.",
    EnrolmentReason.RECENT_TOUCH: "Somebody was in contact with the lead a short while ago.",
    EnrolmentReason.OUT_OF_OFFICE: "The lead is out of office.",
    EnrolmentReason.NO_CREDIT: "The credits are used up. Buy more to go on.",
    EnrolmentReason.SENT: "A message was sent.",
    EnrolmentReason.SEND_FAILED: "A message could not be sent.",
    EnrolmentReason.SEND_CANCELLED: "A message was cancelled before it was sent.",
    EnrolmentReason.TASK_DONE: "The task was done.",
    EnrolmentReason.TASK_SKIPPED: "The task was skipped.",
    EnrolmentReason.WEBHOOK_DONE: "Another system was called.",
    EnrolmentReason.WEBHOOK_FAILED: "A call to another system failed.",
    EnrolmentReason.CALL_ANSWERED: "The lead was called and answered.",
    EnrolmentReason.CALL_NOT_INTERESTED: "The lead was called and is not interested.",
    EnrolmentReason.CALL_VOICEMAIL: "A voicemail answered the call.",
    EnrolmentReason.CALL_NOT_REACHED: "The lead was called and not reached.",
    EnrolmentReason.CALL_FAILED: "The lead could not be called.",
    EnrolmentReason.CALL_CANCELLED: "The call was cancelled before it was made.",
    EnrolmentReason.FINISHED: "It went through all steps.",
    EnrolmentReason.GOAL: "The lead reached the goal.",
    EnrolmentReason.REPLIED: "The lead replied.",
    EnrolmentReason.COMPANY_REPLIED: "A colleague of the lead replied.",
    EnrolmentReason.CLICKED: "The lead clicked a link.",
    EnrolmentReason.BOOKED: "The lead booked an appointment.",
    EnrolmentReason.BOUNCED: "The address or number does not exist, or takes no messages.",
    EnrolmentReason.UNSUBSCRIBED: "The lead unsubscribed.",
    EnrolmentReason.COMPLAINED: "The lead complained about spam.",
    EnrolmentReason.SUPPRESSED: "The lead is on the do-not-contact list.",
    EnrolmentReason.REFUSED: "The lead may not be contacted.",
    EnrolmentReason.ARCHIVED: "The lead was archived.",
    EnrolmentReason.LEAD_DELETED: "The lead was deleted.",
    EnrolmentReason.CAMPAIGN_STOPPED: "The campaign was stopped.",
    EnrolmentReason.CAMPAIGN_OVER: "The campaign has ended.",
    EnrolmentReason.STOPPED_BY_HAND: "Somebody stopped it.",
    EnrolmentReason.ENDLESS_LOOP: "Its steps lead in a circle without a wait. Add a delay.",
    EnrolmentReason.BAD_TEMPLATE: "The text of the message has an error. Correct it.",
    EnrolmentReason.UNEXPECTED: "A step failed unexpectedly.",
}

# In these an enrolment has something under way that will report back. Nothing else may move it meanwhile.
IN_PROGRESS: Final = (
    EnrolmentReason.SENDING,
    EnrolmentReason.WEBHOOK,
    EnrolmentReason.MANUAL_TASK,
    EnrolmentReason.CALLING,
)
# What became of a call, until the engine acts on it.
CALLED: Final = (
    EnrolmentReason.CALL_ANSWERED,
    EnrolmentReason.CALL_NOT_INTERESTED,
    EnrolmentReason.CALL_VOICEMAIL,
    EnrolmentReason.CALL_NOT_REACHED,
    EnrolmentReason.CALL_FAILED,
    EnrolmentReason.CALL_CANCELLED,
)


def sentence(code: str) -> str:
    """Return the reason in words; an empty text for a code of another feature."""
    return next((text for reason, text in SENTENCES.items() if reason == code), "")

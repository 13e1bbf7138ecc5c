"""What Vapi's reasons for the end of a call mean. The list of reasons grows, so families stand beside single words."""

import re
from typing import Final

from voice.carriers.outcomes import Cause, Outcome

ANSWERED, BUSY, FAILED, NO_ANSWER = Outcome.ANSWERED, Outcome.BUSY, Outcome.CARRIER_FAILED, Outcome.NO_ANSWER
AGENT_FAILED, CANCELLED, OVER_LIMIT = Outcome.AGENT_FAILED, Outcome.CANCELLED, Outcome.OVER_LIMIT
REFUSED, WRONG_NUMBER = Outcome.REFUSED, Outcome.WRONG_NUMBER
_PROVIDER: Final = "call.in-progress.error-providerfault-outbound-sip-"

# Reason → how a call ended that was answered, and one that was not.
REASONS: Final[dict[str, tuple[Outcome, Outcome]]] = {
    "assistant-ended-call": (ANSWERED, ANSWERED),
    "assistant-said-end-call-phrase": (ANSWERED, ANSWERED),
    "assistant-ended-call-with-hangup-task": (ANSWERED, ANSWERED),
    "assistant-ended-call-after-message-spoken": (ANSWERED, ANSWERED),
    "assistant-forwarded-call": (ANSWERED, ANSWERED),
    "assistant-join-timed-out": (AGENT_FAILED, AGENT_FAILED),
    "customer-ended-call": (ANSWERED, NO_ANSWER),
    "customer-ended-call-before-warm-transfer": (ANSWERED, NO_ANSWER),
    "customer-ended-call-after-warm-transfer-attempt": (ANSWERED, NO_ANSWER),
    "customer-ended-call-during-transfer": (ANSWERED, NO_ANSWER),
    "customer-busy": (BUSY, BUSY),
    "customer-did-not-answer": (NO_ANSWER, NO_ANSWER),
    "customer-did-not-give-microphone-permission": (FAILED, FAILED),
    "exceeded-max-duration": (ANSWERED, NO_ANSWER),
    "silence-timed-out": (ANSWERED, NO_ANSWER),
    "voicemail": (Outcome.VOICEMAIL, Outcome.VOICEMAIL),
    "manually-canceled": (ANSWERED, CANCELLED),
    "scheduled-call-deleted": (CANCELLED, CANCELLED),
    "call-deleted": (ANSWERED, CANCELLED),
    "worker-shutdown": (FAILED, FAILED),
    "phone-call-provider-closed-websocket": (FAILED, FAILED),
    "phone-call-provider-bypass-enabled-but-no-call-received": (FAILED, FAILED),
    "twilio-failed-to-connect-call": (FAILED, FAILED),
    "twilio-reported-customer-misdialed": (WRONG_NUMBER, WRONG_NUMBER),
    "vonage-disconnected": (ANSWERED, FAILED),
    "vonage-failed-to-connect-call": (FAILED, FAILED),
    "vonage-rejected": (Outcome.DECLINED, Outcome.DECLINED),
    "vonage-completed": (ANSWERED, FAILED),
    "sip-outbound-unallocated-number": (WRONG_NUMBER, WRONG_NUMBER),
    "sip-outbound-carrier-released-call": (ANSWERED, FAILED),
    "call.in-progress.twilio-completed-call": (ANSWERED, FAILED),
    "call.in-progress.sip-completed-call": (ANSWERED, FAILED),
    "call.in-progress.error-assistant-did-not-receive-customer-audio": (FAILED, NO_ANSWER),
    f"{_PROVIDER}403-forbidden": (REFUSED, REFUSED),
    f"{_PROVIDER}407-proxy-authentication-required": (REFUSED, REFUSED),
    f"{_PROVIDER}408-request-timeout": (NO_ANSWER, NO_ANSWER),
    f"{_PROVIDER}480-temporarily-unavailable": (NO_ANSWER, NO_ANSWER),
    f"{_PROVIDER}503-service-unavailable": (FAILED, FAILED),
    "call.ringing.sip-inbound-caller-hungup-before-call-connect": (CANCELLED, CANCELLED),
    "call.forwarding.operator-busy": (ANSWERED, FAILED),
    "call.forwarding.no-answer": (ANSWERED, FAILED),
    "call.start.error-subscription-concurrency-limit-reached": (OVER_LIMIT, OVER_LIMIT),
    "call.start.error-vapi-number-outbound-daily-limit": (OVER_LIMIT, OVER_LIMIT),
    "call.start.error-vapi-number-international": (REFUSED, REFUSED),
    "call.start.error-fraud-check-failed": (REFUSED, REFUSED),
    "call.start.error-enterprise-feature-not-available-recording-consent": (REFUSED, REFUSED),
    "call.start.error-get-transport": (FAILED, FAILED),
    "call.start.error-get-phone-number": (FAILED, FAILED),
}

# Families of reasons, in the order in which they are tried.
FAMILIES: Final[list[tuple[re.Pattern[str], tuple[Outcome, Outcome]]]] = [
    (re.compile(r"call\.start\.error-subscription-"), (REFUSED, REFUSED)),
    (re.compile(r"call\.start\.error-vapifault-"), (FAILED, FAILED)),
    (re.compile(r"call[.-]start[.-]"), (AGENT_FAILED, AGENT_FAILED)),
    (re.compile(r"call\.(ringing|ending)\.hook-executed-"), (ANSWERED, CANCELLED)),
    (re.compile(r"call\.(in-progress|ringing)\.error-sip-"), (FAILED, FAILED)),
    (re.compile(r"call\.in-progress\.error-configfault-"), (AGENT_FAILED, AGENT_FAILED)),
    (re.compile(r"call\.in-progress\.error-(\w+fault)-(transport|worker|call-started)-"), (FAILED, FAILED)),
    (re.compile(r"call\.in-progress\.error-providerfault-outbound-sip-"), (FAILED, FAILED)),
    (re.compile(r"call\.in-progress\.error-"), (AGENT_FAILED, AGENT_FAILED)),
    (re.compile(r"pipeline-"), (AGENT_FAILED, AGENT_FAILED)),
    (re.compile(r"assistant-"), (AGENT_FAILED, AGENT_FAILED)),
]
NEW: Final = (ANSWERED, Outcome.UNKNOWN)


def cause_of(reason: object) -> Cause:
    """Return the cause for a reason. One that is new keeps its word."""
    word = str(reason or "unknown")[:200]
    return Cause(word, *(REASONS.get(word) or _of_family(word)))


def _of_family(word: str) -> tuple[Outcome, Outcome]:
    return next((outcomes for family, outcomes in FAMILIES if family.match(word)), NEW)

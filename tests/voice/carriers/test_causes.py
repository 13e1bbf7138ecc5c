"""Every cause that the carriers document, and what LAD makes of it."""

from itertools import product

import pytest

from voice.carriers.livekit import causes as livekit
from voice.carriers.outcomes import STATES, AnsweredBy, Cause, Outcome
from voice.carriers.vapi import causes as vapi
from voice.statuses import CALL_FINISHED, CallStatus

# LiveKit's DisconnectReason, in the order of its numbers: the outcome of an answered call, and of another.
LIVEKIT = [
    ("UNKNOWN_REASON", "answered", "carrier_failed"),
    ("CLIENT_INITIATED", "answered", "answered"),
    ("DUPLICATE_IDENTITY", "carrier_failed", "carrier_failed"),
    ("SERVER_SHUTDOWN", "carrier_failed", "carrier_failed"),
    ("PARTICIPANT_REMOVED", "answered", "cancelled"),
    ("ROOM_DELETED", "answered", "cancelled"),
    ("STATE_MISMATCH", "carrier_failed", "carrier_failed"),
    ("JOIN_FAILURE", "carrier_failed", "carrier_failed"),
    ("MIGRATION", "carrier_failed", "carrier_failed"),
    ("SIGNAL_CLOSE", "carrier_failed", "carrier_failed"),
    ("ROOM_CLOSED", "answered", "cancelled"),
    ("USER_UNAVAILABLE", "answered", "no_answer"),
    ("USER_REJECTED", "answered", "busy"),
    ("SIP_TRUNK_FAILURE", "carrier_failed", "carrier_failed"),
    ("CONNECTION_TIMEOUT", "carrier_failed", "carrier_failed"),
    ("MEDIA_FAILURE", "carrier_failed", "carrier_failed"),
    ("AGENT_ERROR", "agent_failed", "agent_failed"),
]
# The final status codes of LiveKit's SIPStatusCode.
SIP = {
    "refused": [401, 402, 403, 407, 607, 608],
    "wrong_number": [404, 410, 484, 485, 604],
    "no_answer": [408, 480],
    "busy": [486, 600],
    "declined": [603],
    "cancelled": [487],
    "carrier_failed": [
        *(301, 302, 305, 400, 405, 406, 409, 413, 414, 415, 416, 420, 421, 423, 481, 482, 483, 488),
        *(500, 501, 502, 503, 504, 505, 513, 606),
    ],
}
# The reasons on Vapi's page of ended reasons, by the outcome of an answered call and of another.
VAPI = {
    ("answered", "answered"): [
        "assistant-ended-call",
        "assistant-ended-call-after-message-spoken",
        "assistant-ended-call-with-hangup-task",
        "assistant-said-end-call-phrase",
        "assistant-forwarded-call",
    ],
    ("answered", "no_answer"): [
        "customer-ended-call",
        "customer-ended-call-before-warm-transfer",
        "customer-ended-call-after-warm-transfer-attempt",
        "customer-ended-call-during-transfer",
        "exceeded-max-duration",
        "silence-timed-out",
    ],
    ("answered", "cancelled"): [
        "manually-canceled",
        "call-deleted",
        "call.ringing.hook-executed-say",
        "call.ringing.hook-executed-transfer",
        "call.ending.hook-executed-say",
        "call.ending.hook-executed-transfer",
    ],
    ("answered", "carrier_failed"): [
        "call.in-progress.twilio-completed-call",
        "call.in-progress.sip-completed-call",
        "vonage-completed",
        "vonage-disconnected",
        "call.forwarding.operator-busy",
        "call.forwarding.no-answer",
        "sip-outbound-carrier-released-call",
    ],
    ("cancelled", "cancelled"): [
        "scheduled-call-deleted",
        "call.ringing.sip-inbound-caller-hungup-before-call-connect",
    ],
    ("busy", "busy"): ["customer-busy"],
    ("declined", "declined"): ["vonage-rejected"],
    ("voicemail", "voicemail"): ["voicemail"],
    ("no_answer", "no_answer"): [
        "customer-did-not-answer",
        "call.in-progress.error-providerfault-outbound-sip-408-request-timeout",
        "call.in-progress.error-providerfault-outbound-sip-480-temporarily-unavailable",
    ],
    ("carrier_failed", "no_answer"): ["call.in-progress.error-assistant-did-not-receive-customer-audio"],
    ("wrong_number", "wrong_number"): ["twilio-reported-customer-misdialed", "sip-outbound-unallocated-number"],
    ("over_limit", "over_limit"): [
        "call.start.error-subscription-concurrency-limit-reached",
        "call.start.error-vapi-number-outbound-daily-limit",
    ],
    ("refused", "refused"): [
        "call.start.error-subscription-frozen",
        "call.start.error-subscription-insufficient-credits",
        "call.start.error-subscription-wallet-does-not-exist",
        "call.start.error-subscription-upgrade-failed",
        "call.start.error-fraud-check-failed",
        "call.start.error-enterprise-feature-not-available-recording-consent",
        "call.start.error-vapi-number-international",
        "call.in-progress.error-providerfault-outbound-sip-403-forbidden",
        "call.in-progress.error-providerfault-outbound-sip-407-proxy-authentication-required",
    ],
    ("agent_failed", "agent_failed"): [
        "call-start-error-neither-assistant-nor-server-set",
        "call.start.error-get-org",
        "call.start.error-get-subscription",
        "call.start.error-get-assistant",
        "call.start.error-get-customer",
        "call.start.error-get-resources-validation",
        "call.start.assistant-version-error-validation",
        "call.start.squad-version-error-validation",
        "assistant-not-found",
        "assistant-not-valid",
        "assistant-request-failed",
        "assistant-request-returned-error",
        "assistant-request-returned-unspeakable-error",
        "assistant-request-returned-invalid-assistant",
        "assistant-request-returned-no-assistant",
        "assistant-request-returned-forwarding-phone-number",
        "assistant-join-timed-out",
        "pipeline-no-available-llm-model",
        "call.in-progress.error-pipeline-no-available-llm-model",
        "call.in-progress.error-pipeline-ws-model-connection-failed",
        "call.in-progress.error-transfer-failed",
        "call.in-progress.error-warm-transfer-max-duration",
        "call.in-progress.error-warm-transfer-assistant-cancelled",
        "call.in-progress.error-warm-transfer-silence-timeout",
        "call.in-progress.error-warm-transfer-microphone-timeout",
        "call.in-progress.error-vapifault-chat-pipeline-failed-to-start",
        "call.in-progress.error-configfault-model-unsupported-in-squad",
        "call.in-progress.error-configfault-transport-unsupported-for-model",
        "pipeline-error-eleven-labs-quota-exceeded",
        "pipeline-error-deepgram-returning-401-invalid-credentials",
        "pipeline-error-assembly-ai-returning-500-invalid-schema",
        "pipeline-error-soniox-transcriber-rate-limited",
        "pipeline-error-playht-403-forbidden-out-of-characters",
        "pipeline-error-cartesia-socket-hang-up",
    ],
    ("carrier_failed", "carrier_failed"): [
        "call.start.error-get-phone-number",
        "call.start.error-get-transport",
        "call.start.error-vapifault-database-error",
        "call.start.error-vapifault-get-org",
        "call.start.error-vapifault-get-subscription",
        "customer-did-not-give-microphone-permission",
        "phone-call-provider-closed-websocket",
        "phone-call-provider-bypass-enabled-but-no-call-received",
        "call.in-progress.error-vapifault-transport-never-connected",
        "call.in-progress.error-providerfault-transport-never-connected",
        "call.in-progress.error-vapifault-transport-connected-but-call-not-active",
        "call.in-progress.error-vapifault-call-started-but-connection-to-transport-missing",
        "call.in-progress.error-vapifault-worker-not-available",
        "call.in-progress.error-vapifault-worker-died",
        "twilio-failed-to-connect-call",
        "vonage-failed-to-connect-call",
        "call.in-progress.error-sip-inbound-call-failed-to-connect",
        "call.in-progress.error-sip-outbound-call-failed-to-connect",
        "call.in-progress.error-providerfault-outbound-sip-503-service-unavailable",
        "call.ringing.error-sip-inbound-call-failed-to-connect",
        "worker-shutdown",
    ],
}
# Vapi has an error for each of these things that can fail, for each of its providers.
PREFIXES = ["pipeline-error-", "call.in-progress.error-vapifault-", "call.in-progress.error-providerfault-"]
PROVIDERS = ["openai", "azure-openai", "anthropic", "google", "groq", "xai", "mistral", "deepgram", "eleven-labs"]
FAILURES = [
    "llm-failed",
    "voice-failed",
    "transcriber-failed",
    "400-bad-request-validation-failed",
    "401-unauthorized",
    "403-model-access-denied",
    "429-exceeded-quota",
    "500-server-error",
    "503-server-overloaded-error",
]


def outcomes(cause: Cause) -> tuple[str, str]:
    return cause.outcome(answered=True).value, cause.outcome(answered=False).value


def test_every_reason_of_livekit_has_its_outcome_by_name_and_by_number() -> None:
    for number, (word, answered, unanswered) in enumerate(LIVEKIT):
        for given in (word, number):
            cause = livekit.cause_of(given)
            assert (cause.raw, *outcomes(cause)) == (word, answered, unanswered)
    assert len(livekit.REASONS) == len(LIVEKIT)


def test_every_final_code_of_sip_has_its_outcome() -> None:
    walked = [(code, outcome) for outcome, codes in SIP.items() for code in codes]
    assert {code: livekit.cause_of_sip(code).outcome(answered=False).value for code, _ in walked} == dict(walked)
    assert set(livekit.SIP_CODES) <= {code for code, _ in walked}


def test_every_reason_of_vapi_has_its_outcome() -> None:
    found = {word: outcomes(vapi.cause_of(word)) for words in VAPI.values() for word in words}
    assert found == {word: wanted for wanted, words in VAPI.items() for word in words}
    assert len(found) > 100
    assert set(vapi.REASONS) <= set(found)


def test_every_failure_of_a_provider_of_vapi_is_the_agents() -> None:
    words = [
        "".join((prefix, provider, "-", failure))
        for prefix, provider, failure in product(PREFIXES, PROVIDERS, FAILURES)
    ]
    assert {outcomes(vapi.cause_of(word)) for word in words} == {("agent_failed", "agent_failed")}


@pytest.mark.parametrize(
    "made", [livekit.cause_of("SOMETHING_NEW"), vapi.cause_of("something-new"), vapi.cause_of(None)]
)
def test_a_new_reason_keeps_its_word_and_ends_the_call(made: Cause) -> None:
    assert made.raw in ("SOMETHING_NEW", "something-new", "unknown")
    assert made.state(answered=True) == CallStatus.ENDED
    assert made.state(answered=False) == CallStatus.FAILED


def test_every_outcome_is_a_final_state() -> None:
    assert set(STATES) == set(Outcome)
    assert set(STATES.values()) == set(CALL_FINISHED)


def test_a_machine_that_answers_is_a_voicemail_unless_it_is_a_menu() -> None:
    hung_up = livekit.cause_of("PARTICIPANT_REMOVED")
    found = {each: hung_up.outcome(answered=True, answered_by=each) for each in AnsweredBy}
    assert found == {
        AnsweredBy.HUMAN: Outcome.ANSWERED,
        AnsweredBy.MACHINE_IVR: Outcome.ANSWERED,
        AnsweredBy.MACHINE_VOICEMAIL: Outcome.VOICEMAIL,
        AnsweredBy.MACHINE_UNAVAILABLE: Outcome.VOICEMAIL,
        AnsweredBy.UNCERTAIN: Outcome.ANSWERED,
    }

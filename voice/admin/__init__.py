"""The voice domain in the admin."""

from voice.admin.agents import VoiceAdmin, VoiceAgentAdmin, VoiceNumberAdmin
from voice.admin.batches import CallBatchAdmin, CallBatchEntryAdmin
from voice.admin.calls import CallAnalysisAdmin, CallLogAdmin
from voice.admin.people import VoicePermissionAdmin, VoiceProfileAdmin

__all__ = [
    "CallAnalysisAdmin",
    "CallBatchAdmin",
    "CallBatchEntryAdmin",
    "CallLogAdmin",
    "VoiceAdmin",
    "VoiceAgentAdmin",
    "VoiceNumberAdmin",
    "VoicePermissionAdmin",
    "VoiceProfileAdmin",
]

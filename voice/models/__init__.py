"""Tables of the voice domain."""

from voice.models.access import VoicePermission, VoiceProfile
from voice.models.agent import Gender, VoiceAgent
from voice.models.analysis import CallAnalysis, Disposition, Engagement, LeadCategory, Sentiment
from voice.models.batch import CallBatch, CallBatchEntry
from voice.models.call import CallLog
from voice.models.number import NumberStatus, TelephonyProvider, VoiceNumber
from voice.models.voice import Voice, VoiceProvider

__all__ = [
    "CallAnalysis",
    "CallBatch",
    "CallBatchEntry",
    "CallLog",
    "Disposition",
    "Engagement",
    "Gender",
    "LeadCategory",
    "NumberStatus",
    "Sentiment",
    "TelephonyProvider",
    "Voice",
    "VoiceAgent",
    "VoiceNumber",
    "VoicePermission",
    "VoiceProfile",
    "VoiceProvider",
]

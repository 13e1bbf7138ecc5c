"""Which tables of the domain have rules of their own when the API, the admin or an import writes them."""

from lad import writes
from voice.models import CallAnalysis, CallBatch, CallBatchEntry, CallLog, VoiceAgent, VoiceNumber
from voice.services.agents import VoiceAgentWriter, VoiceNumberWriter
from voice.services.analyses import CallAnalysisWriter
from voice.services.batches import CallBatchEntryWriter, CallBatchWriter
from voice.services.calls import CallWriter


def register() -> None:
    """Tell the kernel; called once when the app is ready."""
    writes.register(VoiceAgent, VoiceAgentWriter)
    writes.register(VoiceNumber, VoiceNumberWriter)
    writes.register(CallBatch, CallBatchWriter)
    writes.register(CallBatchEntry, CallBatchEntryWriter)
    writes.register(CallLog, CallWriter)
    writes.register(CallAnalysis, CallAnalysisWriter)

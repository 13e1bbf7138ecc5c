"""Events of recordings. Payloads hold ids, never a link."""

from lad.outbox.catalogue import define

define("voice.call_recording.erased", "{actor} erased the recording of a call", fields=["call_id"])

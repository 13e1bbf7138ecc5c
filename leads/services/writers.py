"""Which tables of the domain have rules of their own when the API, the admin or an import writes them."""

from lad import writes
from leads.models import (
    EducationCounsellor,
    EducationStudent,
    Lead,
    LeadAttachment,
    LeadBooking,
    LeadNote,
    LeadSocial,
    LeadStage,
    LeadStatus,
)
from leads.services.attachments import AttachmentWriter
from leads.services.bookings import BookingWriter
from leads.services.education import CounsellorWriter, StudentWriter
from leads.services.leads import LeadWriter
from leads.services.notes import NoteWriter, OfLeadWriter
from leads.services.pipeline import PlaceWriter, StageWriter


def register() -> None:
    """Tell the kernel; called once when the app is ready."""
    writes.register(Lead, LeadWriter)
    writes.register(LeadStage, StageWriter)
    writes.register(LeadStatus, PlaceWriter)
    writes.register(LeadNote, NoteWriter)
    writes.register(LeadSocial, OfLeadWriter)
    writes.register(LeadBooking, BookingWriter)
    writes.register(LeadAttachment, AttachmentWriter)
    writes.register(EducationStudent, StudentWriter)
    writes.register(EducationCounsellor, CounsellorWriter)

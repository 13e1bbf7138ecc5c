"""Tables of the leads domain."""

from leads.models.attachment import LeadAttachment
from leads.models.booking import BookingSource, BookingStatus, BookingType, CallResult, LeadBooking, TaskStatus
from leads.models.company_cache import CompanySearchCache, DataSource, EmployeeCache
from leads.models.education import EducationCounsellor, EducationStudent, Month
from leads.models.lead import Lead, Priority
from leads.models.note import LeadNote
from leads.models.pipeline import LeadStage, LeadStatus
from leads.models.social import LeadSocial

__all__ = [
    "BookingSource",
    "BookingStatus",
    "BookingType",
    "CallResult",
    "CompanySearchCache",
    "DataSource",
    "EducationCounsellor",
    "EducationStudent",
    "EmployeeCache",
    "Lead",
    "LeadAttachment",
    "LeadBooking",
    "LeadNote",
    "LeadSocial",
    "LeadStage",
    "LeadStatus",
    "Month",
    "Priority",
    "TaskStatus",
]

"""The leads domain in the API."""

from lad.api import router
from leads.api import attachments, companies, education, views
from leads.models import (
    EducationStudent,
    Lead,
    LeadAttachment,
    LeadBooking,
    LeadNote,
    LeadSocial,
    LeadStage,
    LeadStatus,
)

FEATURE = "deals-pipeline"

router.register(
    Lead,
    area="leads",
    feature=FEATURE,
    # What searches read is no column of its own to those who read leads.
    exclude=["name_key", "last_name_key", "company_key"],
    filters=[
        "stage",
        "status",
        "assigned_user",
        "source",
        "source_id",
        "email",
        "phone",
        "company_domain",
        "priority",
        "is_archived",
        "created_at",
        "last_activity_at",
        "next_follow_up_at",
    ],
    order=["-created_at", "last_activity_at", "next_follow_up_at"],
    viewset=views.LeadViewSet,
    includes={
        "notes": LeadNote,
        "attachments": LeadAttachment,
        "bookings": LeadBooking,
        "social": LeadSocial,
        "student": EducationStudent,
    },
)
router.register(
    LeadStage,
    area="pipeline",
    feature=FEATURE,
    filters=["key"],
    order=["display_order", "-created_at"],
    viewset=views.StageViewSet,
)
router.register(LeadStatus, area="pipeline", feature=FEATURE, filters=["key"], viewset=views.StatusViewSet)
router.register(LeadNote, area="leads", feature=FEATURE, filters=["lead", "created_by_user", "created_at"])
router.register(LeadSocial, area="leads", feature=FEATURE, filters=["lead"])
router.register(
    LeadBooking,
    area="bookings",
    feature=FEATURE,
    serializer=views.BookingSerializer,
    filters=[
        "lead",
        "assigned_user",
        "status",
        "booking_type",
        "parent_booking",
        "task_status",
        "scheduled_at",
        "created_at",
    ],
    order=["-created_at", "scheduled_at"],
    viewset=views.BookingViewSet,
)

# Importing these adds their addresses.
__all__ = ["attachments", "companies", "education", "views"]

"""Students and counsellors in the API."""

from lad.api import router
from leads.contacts.models import Lead
from leads.contacts.selectors import of_found_leads
from leads.education.models import EducationCounsellor, EducationStudent

router.register(
    EducationStudent,
    area="students",
    feature="education-students",
    filters=["lead", "intake_year", "intake_month", "country_interested", "program_interested_in", "created_at"],
    search=of_found_leads,
    order=["-created_at"],
)
router.include(Lead, "student", EducationStudent)
router.register(
    EducationCounsellor,
    area="counsellors",
    feature="education-counsellors",
    filters=["user", "counselor_code", "is_active", "created_at"],
    search=["display_name", "counselor_code"],
    order=["-created_at"],
)

"""Students and counsellors in the API."""

from lad.api import router
from leads.education.models import EducationCounsellor, EducationStudent

router.register(
    EducationStudent,
    area="students",
    feature="education-students",
    filters=["lead", "intake_year", "intake_month", "country_interested", "program_interested_in", "created_at"],
    order=["-created_at"],
)
router.register(
    EducationCounsellor,
    area="counsellors",
    feature="education-counsellors",
    filters=["user", "counselor_code", "is_active", "created_at"],
    order=["-created_at"],
)

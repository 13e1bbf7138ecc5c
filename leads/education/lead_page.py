"""The student on the lead's page."""

from lad.admin.inlines import LadInline
from leads.contacts.extensions import add_inline
from leads.education.models import EducationStudent


class StudentInline(LadInline):
    """A lead as a student."""

    area = "students"
    model = EducationStudent
    fields = ["program_interested_in", "country_interested", "intake_month", "intake_year", "student_parent_name"]
    verbose_name_plural = "student"


add_inline(StudentInline, rank=50)

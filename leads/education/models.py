"""The education vertical: leads as students, and members as counsellors."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel
from lad.db.normalised import TimeZoneField
from leads.education import availability

EARLIEST_INTAKE = 2000
LATEST_INTAKE = 2100
DEFAULT_SESSIONS_PER_DAY = 20


class Month(models.TextChoices):
    """Months by their English names, in lower case."""

    JANUARY = "january", "January"
    FEBRUARY = "february", "February"
    MARCH = "march", "March"
    APRIL = "april", "April"
    MAY = "may", "May"
    JUNE = "june", "June"
    JULY = "july", "July"
    AUGUST = "august", "August"
    SEPTEMBER = "september", "September"
    OCTOBER = "october", "October"
    NOVEMBER = "november", "November"
    DECEMBER = "december", "December"


class EducationStudent(DeletedFlag, SoftDeletable, TenantModel):
    """What a lead wants to study, where and from when. Their counsellor is the user the lead is assigned to."""

    event_name = "leads.education_student"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="student", db_index=False)
    student_parent_name = models.CharField("parent", max_length=255, blank=True, default="", db_default="")
    parent_designation = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="The parent's occupation."
    )
    program_interested_in = models.CharField("programme", max_length=255, blank=True, default="", db_default="")
    country_interested = models.CharField("country", max_length=255, blank=True, default="", db_default="")
    intake_year = models.IntegerField(
        null=True, blank=True, validators=[MinValueValidator(EARLIEST_INTAKE), MaxValueValidator(LATEST_INTAKE)]
    )
    # Null means not known yet; the list of values holds months only.
    intake_month = models.CharField(max_length=20, choices=Month, null=True, blank=True)  # noqa: DJ001
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    class Meta:
        db_table = "education_students"
        verbose_name = "student"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "lead"],
                condition=models.Q(deleted_at__isnull=True),
                name="education_students_lead_key",
                violation_error_message="This lead is already a student. Change that entry instead.",
            ),
            models.CheckConstraint(
                condition=models.Q(intake_year__isnull=True)
                | models.Q(intake_year__gte=EARLIEST_INTAKE, intake_year__lte=LATEST_INTAKE),
                name="education_students_intake_year_sane",
                violation_error_message=f"The intake year must be from {EARLIEST_INTAKE} to {LATEST_INTAKE}.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="education_students_newest"),
            models.Index(fields=["tenant", "intake_year", "intake_month"], name="education_students_intake"),
            models.Index(fields=["tenant", "country_interested"], name="education_students_country"),
            models.Index(fields=["tenant", "program_interested_in"], name="education_students_programme"),
        ]

    def __str__(self) -> str:
        # Only if the lead is loaded: a name must not cost a query.
        lead: Any = self._state.fields_cache.get("lead")
        return str(lead) if lead is not None else f"Student of lead {self.lead_id}"

    @property
    def intake(self) -> str:
        """Month and year, as far as they are known."""
        month = Month(self.intake_month).label if self.intake_month else ""
        return f"{month} {self.intake_year or ''}".strip()


class EducationCounsellor(DeletedFlag, SoftDeletable, TenantModel):
    """A member who counsels students, with their field of work and their hours."""

    event_name = "leads.education_counsellor"

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    counselor_code = models.CharField(
        "code", max_length=50, blank=True, default="", db_default="", help_text="Short name for lists."
    )
    display_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    designation = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Job title, for example Senior counsellor."
    )
    specialization = models.CharField(max_length=255, blank=True, default="", db_default="")
    timezone = TimeZoneField("time zone", max_length=64, default="UTC", db_default="UTC")
    availability_rules = models.JSONField(
        "availability",
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(availability.RULES), availability.validate],
        help_text="Hours of days under “weekly”, of single dates under “exceptions”; in the counsellor's time zone.",
    )
    max_sessions_per_day = models.IntegerField(
        null=True,
        blank=True,
        default=DEFAULT_SESSIONS_PER_DAY,
        db_default=DEFAULT_SESSIONS_PER_DAY,
        validators=[MinValueValidator(1)],
        help_text="Empty means no limit.",
    )
    is_active = models.BooleanField(
        default=True, db_default=True, help_text="Whether the counsellor takes bookings now."
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    class Meta:
        db_table = "education_counsellors"
        verbose_name = "counsellor"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=models.Q(deleted_at__isnull=True),
                name="education_counsellors_user_key",
                violation_error_message="This member is already a counsellor. Change that entry instead.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "counselor_code"],
                condition=models.Q(deleted_at__isnull=True) & ~models.Q(counselor_code=""),
                name="education_counsellors_code_key",
                violation_error_message="Another counsellor has this code.",
            ),
            models.CheckConstraint(
                condition=models.Q(max_sessions_per_day__isnull=True) | models.Q(max_sessions_per_day__gt=0),
                name="education_counsellors_sessions_positive",
                violation_error_message="Allow at least one session a day. To stop bookings, deactivate them.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="education_counsellors_newest"),
            models.Index(
                fields=["tenant", "is_active"],
                condition=models.Q(deleted_at__isnull=True),
                name="education_counsellors_active",
            ),
        ]

    def __str__(self) -> str:
        # Only if the user is loaded: a name must not cost a query.
        return self.display_name or str(self._state.fields_cache.get("user") or self.user_id)

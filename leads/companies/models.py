"""What the company directory answered, kept so that the same question is not paid for twice.

Texts that are not known are empty, never null, so that unique keys hold for them too.
"""

from typing import Any

from django.core.validators import MaxLengthValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models.functions import Lower

from lad.db.fields import LowercaseEmailField
from lad.db.models import NumberedModel, TenantModel
from lad.db.shapes import OBJECT, Shape
from leads.search import search_key

LONGEST_URL = 2000


class QueryTextField(models.CharField):
    """What was searched for, in lower case with single spaces: the same question asked twice is one key."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return " ".join(value.lower().split()) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, value)
        return value


class CompanySearchCache(NumberedModel, TenantModel):
    """One company on one page of one search. Without a company, the page is known to be empty."""

    event_name = "leads.company_search_cache"

    search_keywords = QueryTextField(max_length=255)
    search_location = QueryTextField(max_length=255, blank=True, default="", db_default="")
    search_industry = QueryTextField(max_length=255, blank=True, default="", db_default="")
    apollo_organization_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_domain = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_data = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(OBJECT)])
    page_number = models.IntegerField(
        default=1, db_default=1, validators=[MinValueValidator(1)], help_text="The page of the answer it stood on."
    )
    access_count = models.IntegerField(
        default=0, db_default=0, validators=[MinValueValidator(0)], help_text="How often the answer was used again."
    )
    last_accessed_at = models.DateTimeField(null=True, blank=True)

    name_key = search_key(Lower("company_name"), 255)

    audited = False
    announced = False

    class Meta:
        db_table = "company_search_cache"
        verbose_name = "company search result"
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "tenant",
                    "search_keywords",
                    "search_location",
                    "search_industry",
                    "apollo_organization_id",
                    "page_number",
                ],
                name="company_search_cache_search_key",
                violation_error_message="This company is kept for this page of the search already.",
            ),
            models.CheckConstraint(
                condition=models.Q(page_number__gte=1),
                name="company_search_cache_page_number_positive",
                violation_error_message="Pages are counted from 1.",
            ),
            models.CheckConstraint(
                condition=models.Q(access_count__gte=0),
                name="company_search_cache_access_count_positive",
                violation_error_message="Nothing is read less than never.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="company_search_cache_newest"),
            models.Index(fields=["tenant", "-last_accessed_at"], name="company_search_cache_used"),
            models.Index(fields=["tenant", "name_key"], name="company_search_cache_name"),
            models.Index(fields=["tenant", "company_domain"], name="company_search_cache_domain"),
        ]

    def __str__(self) -> str:
        return self.company_name or f"Nothing for “{self.search_keywords}”"


class DataSource(models.TextChoices):
    """Where a person's data come from."""

    APOLLO = "apollo_io", "Apollo"
    UNIPILE = "unipile", "Unipile"
    LINKEDIN = "linkedin_search", "LinkedIn search"


class EmployeeCache(NumberedModel, TenantModel):
    """One person of a company, as an outside directory described them."""

    event_name = "leads.employee_cache"

    company_id = models.CharField(
        "company",
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="The directory's id of the company.",
    )
    company_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_domain = models.CharField(max_length=255, blank=True, default="", db_default="")
    employee_name = models.CharField("name", max_length=255, blank=True, default="", db_default="")
    employee_title = models.CharField("title", max_length=255, blank=True, default="", db_default="")
    employee_email = LowercaseEmailField("e-mail", max_length=255, blank=True, default="", db_default="")
    employee_phone = models.CharField("phone", max_length=50, blank=True, default="", db_default="")
    employee_linkedin_url = models.TextField(
        "LinkedIn",
        blank=True,
        default="",
        db_default="",
        validators=[URLValidator(["https", "http"]), MaxLengthValidator(LONGEST_URL)],
    )
    employee_photo_url = models.TextField(
        "photo",
        blank=True,
        default="",
        db_default="",
        validators=[URLValidator(["https", "http"]), MaxLengthValidator(LONGEST_URL)],
    )
    employee_headline = models.TextField("headline", blank=True, default="", db_default="")
    employee_city = models.CharField("city", max_length=255, blank=True, default="", db_default="")
    employee_state = models.CharField("state", max_length=255, blank=True, default="", db_default="")
    employee_country = models.CharField("country", max_length=255, blank=True, default="", db_default="")
    apollo_person_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    data_source = models.CharField(
        max_length=50, choices=DataSource, default=DataSource.APOLLO, db_default=DataSource.APOLLO
    )
    employee_data = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(OBJECT)])
    last_fetched_at = models.DateTimeField(null=True, blank=True)

    name_key = search_key(Lower("employee_name"), 255)

    audited = False
    announced = False

    class Meta:
        db_table = "employees_cache"
        verbose_name = "employee"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "company_id", "apollo_person_id"],
                condition=~models.Q(apollo_person_id=""),
                name="employees_cache_person_key",
                violation_error_message="This person is kept for this company already.",
            ),
            # People whom another directory found have no Apollo id; their profile names them.
            models.UniqueConstraint(
                fields=["tenant", "company_id", "employee_linkedin_url"],
                condition=models.Q(apollo_person_id="") & ~models.Q(employee_linkedin_url=""),
                name="employees_cache_profile_key",
                violation_error_message="This profile is kept for this company already.",
            ),
            models.CheckConstraint(
                condition=models.Q(employee_email=Lower("employee_email")),
                name="employees_cache_email_lowercase",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="employees_cache_newest"),
            models.Index(fields=["tenant", "company_id"], name="employees_cache_company"),
            models.Index(fields=["tenant", "company_domain"], name="employees_cache_domain"),
            models.Index(
                fields=["tenant", "employee_email"],
                condition=~models.Q(employee_email=""),
                name="employees_cache_email",
            ),
            models.Index(fields=["tenant", "name_key"], name="employees_cache_name"),
        ]

    def __str__(self) -> str:
        return self.employee_name or f"Person {self.apollo_person_id or self.pk}"

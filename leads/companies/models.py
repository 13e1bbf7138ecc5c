"""Caches of company directories, so that the same search is not paid for twice.

Unknown texts are empty, never null, so that unique keys cover them.
"""

from django.core.validators import MaxLengthValidator, MinValueValidator
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower

from lad.db.fields import LowercaseEmailField, RegisteredKeyField
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import NumberedModel, TenantModel
from lad.db.normalised import PhoneField, WebAddressTextField
from lad.limits import PROVIDER_DATA
from lad.search import search_text
from leads.companies import sources
from leads.companies.sources import data_sources

MAX_URL_LENGTH = 2000


class QueryTextField(models.CharField):
    """Search text in lower case with single spaces, so that the same search has one key."""

    def get_prep_value(self, value: object) -> object:
        value = super().get_prep_value(value)
        return " ".join(value.lower().split()) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> object:
        value = self.get_prep_value(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, value)
        return value


class CompanySearchCache(NumberedModel, TenantModel):
    """One company on one page of one search. A row without a company marks an empty page."""

    event_name = "leads.company_search_cache"

    search_keywords = QueryTextField(max_length=255)
    search_location = QueryTextField(max_length=255, blank=True, default="", db_default="")
    search_industry = QueryTextField(max_length=255, blank=True, default="", db_default="")
    apollo_organization_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_domain = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_data = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[PROVIDER_DATA, JsonSchemaValidator(OBJECT)]
    )
    page_number = models.IntegerField(
        default=1, db_default=1, validators=[MinValueValidator(1)], help_text="Page of the search result."
    )
    access_count = models.IntegerField(
        default=0, db_default=0, validators=[MinValueValidator(0)], help_text="How often the cached result was used."
    )
    last_accessed_at = models.DateTimeField(null=True, blank=True)

    name_text = search_text(F("company_name"))

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
                violation_error_message="This company is already cached for this page of the search.",
            ),
            models.CheckConstraint(
                condition=models.Q(page_number__gte=1),
                name="company_search_cache_page_number_positive",
                violation_error_message="The page number must be at least 1.",
            ),
            models.CheckConstraint(
                condition=models.Q(access_count__gte=0),
                name="company_search_cache_access_count_positive",
                violation_error_message="The number of uses cannot be negative.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="company_search_cache_newest"),
            models.Index(fields=["tenant", "-last_accessed_at"], name="company_search_cache_used"),
            models.Index(fields=["tenant", "name_text"], name="company_search_cache_name"),
            models.Index(fields=["tenant", "company_domain"], name="company_search_cache_domain"),
            models.Index(
                fields=["tenant", "apollo_organization_id"],
                condition=~models.Q(apollo_organization_id=""),
                name="company_search_cache_company",
            ),
        ]

    def __str__(self) -> str:
        return self.company_name or f"No results for “{self.search_keywords}”"


class EmployeeCache(NumberedModel, TenantModel):
    """One employee of a company, as a directory describes them."""

    event_name = "leads.employee_cache"

    company_id = models.CharField(
        "company",
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="Id of the company in the directory.",
    )
    company_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    company_domain = models.CharField(max_length=255, blank=True, default="", db_default="")
    employee_name = models.CharField("name", max_length=255, blank=True, default="", db_default="")
    employee_title = models.CharField("title", max_length=255, blank=True, default="", db_default="")
    employee_email = LowercaseEmailField(
        "e-mail", any_script=True, max_length=255, blank=True, default="", db_default=""
    )
    employee_phone = PhoneField("phone", blank=True, default="", db_default="")
    employee_linkedin_url = WebAddressTextField(
        "LinkedIn", blank=True, default="", db_default="", validators=[MaxLengthValidator(MAX_URL_LENGTH)]
    )
    employee_photo_url = WebAddressTextField(
        "photo", blank=True, default="", db_default="", validators=[MaxLengthValidator(MAX_URL_LENGTH)]
    )
    employee_headline = models.TextField("headline", blank=True, default="", db_default="")
    employee_city = models.CharField("city", max_length=255, blank=True, default="", db_default="")
    employee_state = models.CharField("state", max_length=255, blank=True, default="", db_default="")
    employee_country = models.CharField("country", max_length=255, blank=True, default="", db_default="")
    apollo_person_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    data_source = RegisteredKeyField(
        max_length=50, registry=data_sources, default=sources.APOLLO, db_default=sources.APOLLO
    )
    employee_data = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[PROVIDER_DATA, JsonSchemaValidator(OBJECT)]
    )
    last_fetched_at = models.DateTimeField(null=True, blank=True)
    matched_at = models.DateTimeField(
        null=True, blank=True, help_text="When the directory last told all that it knows. A search tells less."
    )

    name_text = search_text(F("employee_name"))

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
                violation_error_message="This employee is already cached for this company.",
            ),
            # Employees from other directories have no Apollo id. Their profile identifies them.
            models.UniqueConstraint(
                fields=["tenant", "company_id", "employee_linkedin_url"],
                condition=models.Q(apollo_person_id="") & ~models.Q(employee_linkedin_url=""),
                name="employees_cache_profile_key",
                violation_error_message="This profile is already cached for this company.",
            ),
            models.CheckConstraint(
                condition=models.Q(employee_email=Lower("employee_email")),
                name="employees_cache_email_lowercase",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="employees_cache_newest"),
            models.Index(fields=["tenant", "company_id"], name="employees_cache_company"),
            models.Index(
                fields=["tenant", "apollo_person_id"],
                condition=~models.Q(apollo_person_id=""),
                name="employees_cache_apollo",
            ),
            models.Index(fields=["tenant", "company_domain"], name="employees_cache_domain"),
            models.Index(
                fields=["tenant", "employee_email"],
                condition=~models.Q(employee_email=""),
                name="employees_cache_email",
            ),
            models.Index(fields=["tenant", "name_text"], name="employees_cache_name"),
        ]

    def country_of_numbers(self) -> str:
        """Return an empty string: a directory lists people of any country."""
        return ""

    def __str__(self) -> str:
        return self.employee_name or f"Person {self.apollo_person_id or self.pk}"

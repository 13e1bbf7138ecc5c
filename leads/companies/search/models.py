"""The pages of searches that a tenant has made in a directory."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models

from lad.db.fields import RegisteredKeyField
from lad.db.models import TenantModel
from leads.companies import sources
from leads.companies.sources import data_sources


class SearchKind(models.TextChoices):
    """What is searched for."""

    PEOPLE = "people", "People"
    COMPANIES = "companies", "Companies"


class DirectorySearch(TenantModel):
    """One page of one search: which companies or people are on it, in which order, and how many there are in all.

    The results themselves are in the caches of companies and employees. ``query`` is what was searched for, in the
    directory's names; ``key`` stands for it, without the page. ``results`` has the directory's ids. ``fetched_at`` is
    when the directory was asked last; an older page is fetched again.
    """

    event_name = "leads.directory_search"

    kind = models.CharField(max_length=20, choices=SearchKind)
    source = RegisteredKeyField("directory", max_length=50, registry=data_sources, default=sources.APOLLO)
    key = models.CharField(max_length=64)
    query = models.JSONField(
        default=list, blank=True, db_default=[], help_text="Names and values of the filters, in one order."
    )
    page_number = models.PositiveIntegerField("page", default=1, db_default=1, validators=[MinValueValidator(1)])
    per_page = models.PositiveSmallIntegerField("results a page", validators=[MinValueValidator(1)])
    total = models.PositiveIntegerField("results in all", default=0, db_default=0)
    results = ArrayField(models.CharField(max_length=255), default=list, blank=True, db_default=[])
    fetched_at = models.DateTimeField(null=True, blank=True, help_text="When the directory was asked last.")
    access_count = models.PositiveIntegerField(
        "uses", default=0, db_default=0, help_text="How often the stored page was used instead of asking again."
    )
    last_accessed_at = models.DateTimeField("last used", null=True, blank=True)

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "directory_searches"
        verbose_name = "directory search"
        verbose_name_plural = "directory searches"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "source", "key", "per_page", "page_number"],
                name="directory_searches_page_key",
                violation_error_message="This page of the search is stored already.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="directory_searches_newest"),
            models.Index(fields=["fetched_at"], name="directory_searches_fetched"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, page {self.page_number}"

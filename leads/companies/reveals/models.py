"""Reveals of e-mail addresses and phone numbers, and who asked for them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from lad.db.constraints import TableStorage
from lad.db.fields import RegisteredKeyField, TenantUserKey
from lad.db.models import TenantModel
from lad.jobs.leases import Leased
from leads.companies import sources
from leads.companies.sources import data_sources


class RevealKind(models.TextChoices):
    """What is revealed of a person."""

    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"


class RevealState(models.TextChoices):
    """How far a reveal has come. A waiting one was asked for and comes later; an unknown one may have been charged."""

    QUEUED = "queued", "Queued"
    ASKING = "asking", "Asking"
    WAITING = "waiting", "Waiting for the number"
    FOUND = "found", "Found"
    EMPTY = "empty", "Not available"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"


OPEN = (RevealState.QUEUED, RevealState.ASKING, RevealState.WAITING)
# Why some failed.
GIVEN_UP = "Somebody decided not to ask again."
CANCELLED = "The request was cancelled."
TOO_LATE = "The number did not come in time."
ENDED = (RevealState.FOUND, RevealState.EMPTY, RevealState.FAILED)


class Reveal(Leased, TenantModel):
    """One thing to be revealed of one person, once for the whole tenant.

    ``attempts`` is the fencing token of the worker that asks. ``sent_at`` is when the request of the present attempt
    went out: after it the directory may have charged. ``request_id`` is the directory's name of a request whose
    answer comes later, until ``expires_at``. ``credits`` is what the tenant paid.
    """

    event_name = "leads.reveal"

    source = RegisteredKeyField("directory", max_length=50, registry=data_sources, default=sources.APOLLO)
    person_id = models.CharField("person", max_length=255, help_text="Id of the person in the directory.")
    person_name = models.CharField("name", max_length=255, blank=True, default="", db_default="")
    company_name = models.CharField("company", max_length=255, blank=True, default="", db_default="")
    kind = models.CharField(max_length=10, choices=RevealKind)
    state = models.CharField(
        max_length=20, choices=RevealState, default=RevealState.QUEUED, db_default=RevealState.QUEUED
    )
    value = models.CharField(max_length=255, blank=True, default="", db_default="")
    confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="From 0 to 100, as the directory rates it."
    )
    credits = models.DecimalField(max_digits=18, decimal_places=6, default=0, db_default=0)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField("asked at", null=True, blank=True)
    request_id = models.CharField(max_length=100, blank=True, default="", db_default="", editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    audited_columns = ("state",)
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "reveals"
        constraints = [
            TableStorage(name="reveals_storage", parameters={"fillfactor": "80"}),
            models.UniqueConstraint(
                fields=["tenant", "person_id", "kind", "source"],
                name="reveals_person_key",
                violation_error_message="This was asked for already.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="reveals_newest"),
            models.Index(fields=["tenant", "state", "-created_at"], name="reveals_by_state"),
            # Claims go from tenant to tenant through these.
            models.Index(fields=["tenant", "next_attempt_at"], condition=Q(state="queued"), name="reveals_due"),
            models.Index(fields=["lease_until"], condition=Q(state="asking"), name="reveals_leased"),
            models.Index(fields=["expires_at"], condition=Q(state="waiting"), name="reveals_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.person_name or self.person_id}"


class RevealRequest(TenantModel):
    """People whom somebody wanted revealed, and what of them. Its progress is that of the reveals."""

    event_name = "leads.reveal_request"

    updated_at = None
    created_by_user = TenantUserKey(null=True, blank=True, on_delete=models.SET_NULL, db_index=False)
    source = RegisteredKeyField("directory", max_length=50, registry=data_sources, default=sources.APOLLO)
    person_ids = ArrayField(models.CharField(max_length=255))
    kinds = ArrayField(models.CharField(max_length=10, choices=RevealKind))

    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT")

    class Meta:
        db_table = "reveal_requests"
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="reveal_requests_newest"),
            models.Index(fields=["tenant", "created_by_user", "-created_at"], name="reveal_requests_user"),
        ]

    def __str__(self) -> str:
        many = len(self.person_ids)
        return f"{many:,} {'person' if many == 1 else 'people'}"

"""The figures of campaigns: changes that wait, milestones of enrolments, and counts."""

from typing import Any, ClassVar, Final

from django.db import models

from lad.db.constraints import TableStorage
from lad.db.fields import DatabaseKey, TenantForeignKey
from lad.db.models import NumberedModel, TenantModel
from leads.contacts.models.search import OwnedByFunctions

READ_ONLY: Final = ("SELECT",)


class Milestone(models.TextChoices):
    """What an enrolment has reached. Each counts once, from its first time."""

    ENROLLED = "enrolled", "Enrolled"
    STARTED = "started", "Begun"
    ASSIGNED = "assigned", "Given a variant"
    CONTACTED = "contacted", "Contacted"
    DELIVERED = "delivered", "Delivered"
    OPENED = "opened", "Opened"
    CLICKED = "clicked", "Clicked"
    CONNECTED = "connected", "Connected"
    REPLIED = "replied", "Answered"
    INTERESTED = "interested", "Interested"
    BOOKED = "booked", "Booked"
    BOUNCED = "bounced", "Bounced"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    COMPLAINED = "complained", "Complained"
    FINISHED = "finished", "Finished"
    GOAL = "goal", "Goal reached"


# Recorded by the features that learn of them. The others follow from enrolments, activities and messages.
RECORDED: Final = (Milestone.INTERESTED, Milestone.BOOKED)


class Face(models.TextChoices):
    """By what figures are counted. A figure without a day is that of all days."""

    STEP = "step", "Actions by step and channel"
    ACCOUNT = "account", "Messages by account"
    PEOPLE = "people", "People, by the day of their first contact"
    HAPPENED = "happened", "People, by the day it happened"
    VARIANT = "variant", "People by variant"
    COHORT = "cohort", "People by the week they began"
    STATE = "state", "Enrolments by state"


class FigureEntry(NumberedModel, TenantModel):
    """A change of a campaign's figures that is not folded in yet. Triggers write it with the fact itself.

    With an enrolment it says that the enrolment reached a milestone, else that a count changed. No key refers to
    the campaign or the tenant: a deletion of one writes entries after it is gone.
    """

    event_name = "campaigns.figure_entry"

    updated_at = None
    tenant = DatabaseKey(
        "tenants.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_index=False, editable=False
    )
    campaign_id = models.UUIDField(editable=False)
    campaign_lead_id = models.UUIDField("enrolment", null=True, editable=False)
    metric = models.CharField(max_length=40, editable=False)
    at = models.DateTimeField(null=True, editable=False)
    step_id = models.UUIDField(null=True, editable=False)
    step_type = models.CharField(max_length=50, default="", db_default="", editable=False)
    variant = models.CharField(max_length=30, default="", db_default="", editable=False)
    channel = models.CharField(max_length=20, default="", db_default="", editable=False)
    account_id = models.UUIDField(null=True, editable=False)
    detail = models.CharField(max_length=40, default="", db_default="", editable=False)
    source = models.CharField(max_length=20, editable=False)
    number = models.IntegerField(editable=False)

    audited = False
    announced = False
    tenant_key = False
    privileges: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    class Meta:
        db_table = "campaign_figure_entries"
        verbose_name = "change of figures"
        verbose_name_plural = "changes of figures"
        constraints = [
            # A deletion that cascades runs the triggers as the owner.
            OwnedByFunctions(name="campaign_figure_entries_owned_by_functions"),
            # Rows live for seconds: what is dead is removed before the table grows.
            TableStorage(
                name="campaign_figure_entries_storage",
                parameters={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "20000"},
            ),
        ]
        indexes = [models.Index(fields=["tenant", "campaign_id", "id"], name="campaign_figure_entries_next")]

    def __str__(self) -> str:
        return f"{self.metric} {self.number:+d}"


class EnrolmentMilestone(TenantModel):
    """When an enrolment first reached a milestone, and by what: the step, the channel and the account.

    ``number`` says how many facts stand for it; at 0 it was taken back, such as a delivery by a bounce. An enrolment
    is given a variant once for each split.
    """

    event_name = "campaigns.enrolment_milestone"

    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False)
    # No key: the milestones of a deleted enrolment are taken back first.
    campaign_lead_id = models.UUIDField("enrolment", editable=False)
    milestone = models.CharField(max_length=20, choices=Milestone)
    split_id = models.UUIDField("split", null=True, editable=False)
    number = models.IntegerField(editable=False)
    at = models.DateTimeField(editable=False)
    step_id = models.UUIDField("step", null=True, editable=False)
    variant = models.CharField(max_length=30, default="", db_default="", editable=False)
    channel = models.CharField(max_length=20, default="", db_default="", editable=False)
    account_id = models.UUIDField("account", null=True, editable=False)

    audited = False
    announced = False
    tenant_key = False
    privileges: ClassVar[tuple[str, ...]] = READ_ONLY

    class Meta:
        db_table = "enrolment_milestones"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "campaign_lead_id", "milestone", "split_id"],
                nulls_distinct=False,
                name="enrolment_milestones_once",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="enrolment_milestones_newest"),
            models.Index(fields=["tenant", "campaign", "milestone"], name="enrolment_milestones_campaign"),
        ]

    def __str__(self) -> str:
        return str(self.get_milestone_display())


class CampaignFigure(TenantModel):
    """One count of a campaign: of actions or people, by what ``face`` names, on one day of the tenant or in all."""

    event_name = "campaigns.figure"

    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False)
    face = models.CharField(max_length=10, choices=Face)
    day = models.DateField(null=True, blank=True)
    step_id = models.UUIDField("step", null=True, editable=False)
    step_type = models.CharField(max_length=50, default="", db_default="", editable=False)
    variant = models.CharField(max_length=30, default="", db_default="", editable=False)
    channel = models.CharField(max_length=20, default="", db_default="", editable=False)
    account_id = models.UUIDField("account", null=True, editable=False)
    detail = models.CharField(
        max_length=40,
        default="",
        db_default="",
        editable=False,
        help_text="The action of a message, the outcome of a call, or why an enrolment stands where it does.",
    )
    metric = models.CharField(max_length=40, editable=False)
    number = models.BigIntegerField(editable=False)

    audited = False
    announced = False
    tenant_key = False
    privileges: ClassVar[tuple[str, ...]] = READ_ONLY

    class Meta:
        db_table = "campaign_figures"
        verbose_name = "figure"
        constraints: ClassVar[list[Any]] = [
            TableStorage(name="campaign_figures_storage", parameters={"fillfactor": "80"}),
            models.UniqueConstraint(
                fields=[
                    "tenant", "campaign", "face", "day", "step_id", "step_type", "variant", "channel", "account_id",
                    "detail", "metric",
                ],
                nulls_distinct=False,
                name="campaign_figures_key",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="campaign_figures_newest"),
            # All campaigns of a tenant, without their days.
            models.Index(
                fields=["tenant", "face", "campaign"],
                condition=models.Q(day__isnull=True),
                name="campaign_figures_totals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric}: {self.number}"


class FigureRecount(TenantModel):
    """A campaign whose figures are to be counted anew, by a worker: after an update of LAD, or a change of the zone.

    No key refers to the campaign or the tenant: the deletion of one asks for a recount, too.
    """

    event_name = "campaigns.figure_recount"

    updated_at = None
    tenant = DatabaseKey(
        "tenants.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_index=False, editable=False
    )
    campaign_id = models.UUIDField("campaign", editable=False)
    reason = models.CharField(max_length=100, editable=False)

    audited = False
    announced = False
    tenant_key = False
    privileges: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    class Meta:
        db_table = "campaign_figure_recounts"
        verbose_name = "recount of figures"
        verbose_name_plural = "recounts of figures"
        constraints = [
            OwnedByFunctions(name="campaign_figure_recounts_owned_by_functions"),
            models.UniqueConstraint(fields=["tenant", "campaign_id"], name="campaign_figure_recounts_once"),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="figure_recounts_newest")]

    def __str__(self) -> str:
        return self.reason

"""Consumers of events that change enrolments."""

from typing import Final

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

import campaigns.engine.acceptance  # noqa: F401  (registers its hooks)
from campaigns.design.models import CampaignStep
from campaigns.design.services.lifecycle import WAITS_FOR_HOURS
from campaigns.engine import reactions
from campaigns.engine.facts import appointments
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.messages import services as messages
from lad.outbox.consumers import Batch, consumes
from leads.contactability.decisions import ReasonCode
from leads.contactability.models import ALL_CHANNELS, Suppression, SuppressionScope
from leads.contacts.models import Lead

# A change of a lead can meet a condition, fill in what a message lacks, or show another time zone.
WAITS_FOR_LEAD: Final = (EnrolmentReason.CONDITION, EnrolmentReason.MISSING_VARIABLE, ReasonCode.NO_OPEN_TIME)
# Reasons to wait that other contact hours, days, holidays or limits of the tenant may end.
WAITS_FOR_RULES: Final = (
    *WAITS_FOR_HOURS,
    ReasonCode.QUIET_HOURS,
    ReasonCode.CLOSED_DAY,
    ReasonCode.DAILY_LIMIT,
    ReasonCode.WEEKLY_LIMIT,
    ReasonCode.CHANNEL_DAILY_LIMIT,
    ReasonCode.CHANNEL_WEEKLY_LIMIT,
)
# In one statement: a million may wait.
WOKEN_AT_ONCE: Final = 5_000


@consumes("leads.lead.updated", name="archived-leads-leave-campaigns", scope="tenant")
def stop_enrolments_of_archived_leads(batch: Batch) -> None:
    """Stop the open enrolments of leads that were archived."""
    changed = [event.aggregate_id for event in batch if "is_archived" in event.payload.get("changed", ())]
    archived = set(Lead.objects.filter(pk__in=changed, is_archived=True).values_list("pk", flat=True))
    if archived:
        reactions.stop_enrolments(lead_ids=archived, reason=EnrolmentReason.ARCHIVED)


@consumes("leads.lead.deleted", name="deleted-leads-leave-campaigns", scope="tenant")
def stop_enrolments_of_deleted_leads(batch: Batch) -> None:
    """Stop the open enrolments of leads that were deleted."""
    deleted = Lead.all_objects.filter(pk__in=batch.aggregate_ids, deleted_at__isnull=False)
    reactions.stop_enrolments(lead_ids=list(deleted.values_list("pk", flat=True)), reason=EnrolmentReason.LEAD_DELETED)


@consumes(
    ["leads.lead.updated", "leads.lead.stage_changed", "leads.lead.status_changed"],
    name="changed-leads-wake-campaigns",
    scope="tenant",
)
def wake_enrolments_of_changed_leads(batch: Batch) -> None:
    """Let campaigns look again at leads whose details, stage or status have changed."""
    now = timezone.now()
    about_stage = {event.aggregate_id for event in batch if event.type != "leads.lead.updated"}
    goals = CampaignStep.objects.filter(
        tenant=OuterRef("tenant"), campaign=OuterRef("campaign"), type="goal", config__goal="stage"
    )
    at_goal = Q(Exists(goals), lead__in=about_stage)
    own = states.open_enrolments().filter(lead__in=batch.aggregate_ids)
    states.take_back(own.filter(at_goal), now=now)
    states.wake(own.filter(Q(reason__in=WAITS_FOR_LEAD) | at_goal), now=now)


@consumes(["leads.contact_policy.*", "leads.holiday.*"], name="contact-rules-wake-campaigns", scope="tenant")
def wake_what_waits_for_contact_rules(batch: Batch) -> None:
    """Let everything that waits for the tenant's hours, days and limits be looked at under the new ones."""
    now = timezone.now()
    waiting = states.open_enrolments().filter(reason__in=WAITS_FOR_RULES)
    while states.wake(waiting, now=now, limit=WOKEN_AT_ONCE) == WOKEN_AT_ONCE:
        continue
    messages.ask_again(now=now)


@consumes("leads.booking.created", name="bookings-stop-campaigns", scope="tenant")
def react_to_bookings(batch: Batch) -> None:
    """Stop the campaigns of leads that have booked, or let them act on it."""
    lead_ids = set(appointments().filter(pk__in=batch.aggregate_ids).values_list("lead", flat=True))
    if lead_ids:
        reactions.booked(lead_ids, timezone.now())


@consumes("leads.lead.suppressed", name="suppressed-leads-leave-campaigns", scope="tenant")
def stop_suppressed_leads(batch: Batch) -> None:
    """Stop the campaigns of leads that nobody contacts any more, on any channel that the campaign has."""
    for channel in {event.payload["channel"] for event in batch}:
        lead_ids = {event.aggregate_id for event in batch if event.payload["channel"] == channel and event.aggregate_id}
        reactions.suppressed(lead_ids, channel, timezone.now())


@consumes("leads.suppression.created", name="suppressed-companies-leave-campaigns", scope="tenant")
def stop_suppressed_companies(batch: Batch) -> None:
    """Stop the campaigns of companies that nobody contacts any more."""
    entries = Suppression.objects.filter(
        pk__in=batch.aggregate_ids, scope=SuppressionScope.DOMAIN, channel=ALL_CHANNELS, expires_at__isnull=True
    )
    domains = set(entries.exclude(address="").values_list("address", flat=True))
    if domains:
        reactions.stop_enrolments(domains=domains, reason=EnrolmentReason.SUPPRESSED)

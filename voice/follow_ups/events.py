"""Consumers of events from which something follows for leads, bookings and campaigns."""

from django.db.models import Q
from django.utils import timezone

import voice.follow_ups.agent_tools
import voice.follow_ups.attempts  # noqa: F401  (registers what is done when a call is over)
from campaigns.enrolment.models import CampaignLead
from lad.outbox.consumers import Batch, consumes
from voice.follow_ups import after_call, campaign_steps


@consumes("voice.call.analysed", name="calls-are-followed-up", scope="tenant", order="aggregate")
def follow_up_calls(batch: Batch) -> None:
    """Do what follows from what was said in calls: stage, tags, bookings, suppressions, notes and mails."""
    for event in batch:
        after_call.follow_up(event, now=timezone.now())


@consumes("campaigns.call.requested", name="steps-are-called", scope="tenant")
def call_for_steps(batch: Batch) -> None:
    """Start the calls that steps of campaigns ask for."""
    campaign_steps.make_calls(batch, now=timezone.now())


@consumes(["voice.call.ended", "voice.call.failed"], name="called-leads-go-on", scope="tenant")
def let_called_leads_go_on(batch: Batch) -> None:
    """Let the enrolments of campaigns go on whose call is over."""
    campaign_steps.calls_ended(batch.aggregate_ids, now=timezone.now())


@consumes(
    [f"leads.booking.{verb}" for verb in ("cancelled", "missed", "failed", "completed", "deleted")],
    name="leads-without-further-call-go-on",
    scope="tenant",
)
def let_leads_go_on_without_call(batch: Batch) -> None:
    """Let the enrolments go on whose next attempt was taken off the calendar."""
    campaign_steps.bookings_ended(batch.aggregate_ids, now=timezone.now())


@consumes(
    [f"campaigns.campaign.{verb}" for verb in ("paused", "halted", "stopped", "completed", "deleted")],
    name="calls-of-ended-campaigns-are-dropped",
    scope="tenant",
)
def drop_calls_of_campaigns(batch: Batch) -> None:
    """Cancel calls that campaigns no longer wait for."""
    leads = CampaignLead.all_objects.filter(campaign__in=batch.aggregate_ids).values("lead")
    calls = Q(campaign__in=batch.aggregate_ids)
    campaign_steps.drop_unwanted(calls=calls, booked=Q(lead__in=leads), now=timezone.now())


@consumes("campaigns.lead.ended", name="calls-of-ended-enrolments-are-dropped", scope="tenant")
def drop_calls_of_enrolments(batch: Batch) -> None:
    """Cancel calls of leads that have left their campaign."""
    leads = CampaignLead.all_objects.filter(pk__in=batch.aggregate_ids).values("lead")
    calls = Q(campaign_lead__in=batch.aggregate_ids)
    campaign_steps.drop_unwanted(calls=calls, booked=Q(lead__in=leads), now=timezone.now())


@consumes("campaigns.step.deleted", name="calls-of-removed-steps-are-dropped", scope="tenant")
def drop_calls_of_steps(batch: Batch) -> None:
    """Cancel calls for steps that were removed."""
    keys = [str(key) for key in batch.aggregate_ids]
    booked = Q(metadata__automatic_call__campaign_step_id__in=keys)
    campaign_steps.drop_unwanted(calls=Q(campaign_step__in=keys), booked=booked, now=timezone.now())

"""Permission to contact in the timeline of a lead: consent, and do-not-contact entries."""

from typing import Final

from django.db.models import QuerySet
from django.urls import reverse

from lad.times import day
from leads.channels import Channel
from leads.contactability.models import ALL_CHANNELS, ConsentRecord, ConsentStatus, Suppression, SuppressionScope
from leads.contacts.extensions import Known, TimelineEntry, TimelineKind, add_timeline_source
from leads.contacts.models import Lead

# How a channel is named in a sentence.
BY: Final = {
    ALL_CHANNELS: "",
    Channel.LINKEDIN: " on LinkedIn",
    Channel.EMAIL: " by e-mail",
    Channel.VOICE: " by telephone",
    Channel.WHATSAPP: " on WhatsApp",
    Channel.SMS: " by SMS",
    Channel.WEB: " on social networks",
}


def consents_of(lead: Lead) -> QuerySet[ConsentRecord]:
    """Return the records of the lead's consent."""
    return ConsentRecord.objects.filter(tenant=lead.tenant_id, lead=lead.pk).defer("evidence")


def consent_entry(consent: ConsentRecord, known: Known) -> TimelineEntry:
    given = consent.status == ConsentStatus.GIVEN
    verb = "agreed to" if given else "withdrew the consent to"
    what = f"{consent.get_purpose_display().lower()}{BY[consent.channel]}"
    return TimelineEntry(
        icon="verified_user" if given else "remove_moderator",
        text=f"{known.lead} {verb} {what}",
        detail=f"Said on {day(consent.given_at)}: {consent.source}",
        user_id=consent.created_by_user_id,
        url=reverse("admin:leads_consentrecord_change", args=(consent.pk,)),
    )


def suppressions_of(lead: Lead) -> QuerySet[Suppression]:
    """Return the do-not-contact entries of the lead, lifted ones included."""
    return Suppression.all_objects.filter(tenant=lead.tenant_id, lead=lead.pk).defer("evidence")


def suppression_entry(suppression: Suppression, known: Known) -> TimelineEntry:
    return TimelineEntry(
        icon="do_not_disturb_on",
        text=f"{_who(suppression, known)} is not contacted{BY[suppression.channel]} any more: "
        f"{suppression.get_reason_display().lower()}",
        detail=" · ".join(filter(None, (suppression.address, suppression.source))),
        marks=(f"Until {day(suppression.expires_at)}",) if suppression.expires_at else (),
        user_id=suppression.created_by_user_id,
        url=reverse("admin:leads_suppression_change", args=(suppression.pk,)),
        warns=True,
    )


def lifted_of(lead: Lead) -> QuerySet[Suppression]:
    """Return the do-not-contact entries of the lead that were lifted."""
    return suppressions_of(lead).filter(deleted_at__isnull=False)


def lifted_entry(suppression: Suppression, known: Known) -> TimelineEntry:
    return TimelineEntry(
        icon="do_not_disturb_off",
        text=f"{_who(suppression, known)} may be contacted{BY[suppression.channel]} again",
        detail=suppression.address,
        url=reverse("admin:leads_suppression_change", args=(suppression.pk,)),
    )


def _who(suppression: Suppression, known: Known) -> str:
    return f"The company of {known.lead}" if suppression.scope == SuppressionScope.DOMAIN else known.lead


add_timeline_source(
    "consents",
    consents_of,
    consent_entry,
    kind=TimelineKind.PERMISSION,
    right="contactability.view",
    user="created_by_user",
    users=lambda consent: (consent.created_by_user_id,),
)
add_timeline_source(
    "suppressions",
    suppressions_of,
    suppression_entry,
    kind=TimelineKind.PERMISSION,
    right="contactability.view",
    user="created_by_user",
    users=lambda suppression: (suppression.created_by_user_id,),
)
add_timeline_source(
    "lifted-suppressions",
    lifted_of,
    lifted_entry,
    kind=TimelineKind.PERMISSION,
    right="contactability.view",
    at="deleted_at",
)

"""What is known about the leads of a batch: where they are, and which conditions they meet. Set-based."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.design.schedule import TENANT_ZONE
from campaigns.design.step_types.condition import LEVELS
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Place
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageKind
from campaigns.network_contacts.models import NetworkContact, Relation
from leads.bookings.models import BookingStatus, BookingType, LeadBooking
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contactability.whereabouts import Whereabouts, whereabouts
from leads.contacts.models import Lead

NOT_ANSWERABLE: Final = "LAD cannot answer this condition yet."
TEXT_FIELDS: Final = frozenset(
    {
        "first_name",
        "last_name",
        "email",
        "phone",
        "title",
        "company_name",
        "company_domain",
        "location",
        "linkedin_url",
        "stage",
        "status",
        "source",
        "currency",
        "estimated_value",
        "priority",
    }
)
# An answer on this channel; on any if it is None.
REPLIES: Final[Mapping[str, Channel | None]] = {
    "replied": None,
    "response_received": None,
    "linkedin_replied": Channel.LINKEDIN,
    "whatsapp_replied": Channel.WHATSAPP,
    "instagram_replied": Channel.WEB,
}
# What the tenant plans for itself is no appointment that the lead made.
OWN_PLANS: Final = (BookingType.AUTO_FOLLOWUP, BookingType.MANUAL_FOLLOWUP, BookingType.SYSTEM_RETRY)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A lead's time zone, or the tenant's, with the campaign's days and the holidays there."""

    zone: ZoneInfo
    working_days: frozenset[int]
    holidays: frozenset[date]


def calendars(places: Sequence[Place], context: Context, *, zone: str) -> dict[UUID, Calendar]:
    """Return the calendar of each lead, in two statements at most."""
    _find_places({place.lead_id for place in places}, context)
    working, everywhere = context.schedule.window.days, context.holidays.get("", frozenset())
    everybody = Calendar(context.tenant_zone, working, everywhere)
    by_place: dict[Whereabouts, Calendar] = {}
    found = {}
    for place in places:
        at = context.places.get(place.lead_id)
        if at is not None and at not in by_place:
            own_zone = context.tenant_zone if zone == TENANT_ZONE else at.zones[0]
            by_place[at] = Calendar(own_zone, working, everywhere | context.holidays.get(at.country, frozenset()))
        found[place.lead_id] = everybody if at is None else by_place[at]
    return found


def _find_places(lead_ids: set[UUID], context: Context) -> None:
    """Read where those leads are that no earlier step of the batch has asked about."""
    unknown = lead_ids - context.places.keys()
    if not unknown:
        return
    tenant = context.campaign.tenant
    for key, phone, location in Lead.all_objects.filter(pk__in=unknown).values_list("pk", "phone", "location"):
        context.places[key] = whereabouts(phone, location, tenant_zone=tenant.timezone, tenant_country=tenant.country)


@dataclass(frozen=True, slots=True)
class Answer:
    """The enrolments that meet a condition. ``known`` is false if LAD cannot tell, and all count as not meeting it."""

    met: frozenset[UUID]
    known: bool = True


def answer(rule: Mapping[str, Any], places: Sequence[Place], *, now: datetime | None = None) -> Answer:
    """Return which of the enrolments meet the rule at a moment, in a few statements for any number of them."""
    condition = rule["condition"]
    if condition == "time_elapsed":
        return Answer(frozenset(_begun_long_ago(rule, places, now or timezone.now())))
    if condition in REPLIES:
        return Answer(_replied(places, REPLIES[condition]))
    if condition in _ANSWERS:
        return Answer(frozenset(_ANSWERS[condition](rule, places)))
    return Answer(frozenset(), known=False)


def _replied(places: Sequence[Place], channel: Channel | None) -> frozenset[UUID]:
    answers = Message.objects.filter(direction=ContactDirection.INBOUND, kind=MessageKind.REPLY)
    if channel is not None:
        answers = answers.filter(channel=channel)
    own = Q(campaign_lead__in=_ids(places)) | Q(campaign_lead__isnull=True, lead__in=_lead_ids(places))
    rows = answers.filter(own).values_list("campaign_lead", "lead", "created_at")
    enrolments, leads = set(), set()
    began = {place.lead_id: place.started_at for place in places}
    for enrolment, lead, received in rows:
        if enrolment is not None:
            enrolments.add(enrolment)
        elif (start := began.get(lead)) is not None and received >= start:
            leads.add(lead)
    return frozenset(place.id for place in places if place.id in enrolments or place.lead_id in leads)


def _opened(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    # Who clicked has opened it, whether or not opens are measured.
    return _messages(places, Q(opened_at__isnull=False) | Q(clicked_at__isnull=False))


def _clicked(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    return _messages(places, Q(clicked_at__isnull=False))


def _messages(places: Sequence[Place], condition: Q) -> set[UUID]:
    rows = Message.objects.filter(condition, campaign_lead__in=_ids(places), direction=ContactDirection.OUTBOUND)
    return set(rows.values_list("campaign_lead", flat=True))


def _bounced(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    rows = MessageEvent.objects.filter(kind=MessageEventKind.BOUNCED, message__campaign_lead__in=_ids(places))
    return set(rows.values_list("message__campaign_lead", flat=True))


# What became of calls, by the condition about it.
CALLS: Final[Mapping[str, frozenset[str]]] = {
    "voice_answered": frozenset({"answered"}),
    "voice_completed": frozenset({"answered", "voicemail"}),
    "voice_not_answered": frozenset({"no_answer", "busy", "declined", "voicemail"}),
    "voice_busy": frozenset({"busy"}),
    "voice_failed": frozenset({"wrong_number", "refused", "over_limit", "carrier_failed", "agent_failed", "unknown"}),
}


def _called(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    rows = CampaignLeadActivity.objects.filter(campaign_lead__in=_ids(places), step_type="voice_agent_call")
    wanted = sorted(CALLS[rule["condition"]])
    return set(rows.filter(metadata__outcome__in=wanted).values_list("campaign_lead", flat=True))


def _connected(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    """Return those whose lead is connected with the account that acts for them; before it has acted, with any."""
    accepted = CampaignLeadActivity.objects.filter(campaign_lead__in=_ids(places), status=ActivityStatus.CONNECTED)
    found = set(accepted.values_list("campaign_lead", flat=True))
    contacts = NetworkContact.objects.filter(lead__in=_lead_ids(places), relation=Relation.CONNECTED)
    connected: dict[UUID, set[UUID]] = {}
    for lead, account in contacts.filter(channel=Channel.LINKEDIN).values_list("lead", "linkedin_account"):
        connected.setdefault(lead, set()).add(account)
    if not connected:
        return found
    acted = Message.objects.filter(campaign_lead__in=_ids(places), linkedin_account__isnull=False)
    accounts: dict[UUID | None, set[UUID]] = {}
    for enrolment, account in acted.values_list("campaign_lead", "linkedin_account").distinct():
        accounts.setdefault(enrolment, set()).add(account)
    for place in places:
        with_lead = connected.get(place.lead_id, set())
        if with_lead & accounts.get(place.id, with_lead):
            found.add(place.id)
    return found


# What shows that a message arrived, and that it was read: what follows on a thing shows it, too.
ARRIVED: Final[Mapping[str, tuple[MessageEventKind, ...]]] = {
    "whatsapp_delivered": (MessageEventKind.DELIVERED, MessageEventKind.OPENED, MessageEventKind.REPLIED),
    "whatsapp_read": (MessageEventKind.OPENED, MessageEventKind.REPLIED),
}


def _arrived(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    rows = MessageEvent.objects.filter(
        kind__in=ARRIVED[rule["condition"]],
        message__campaign_lead__in=_ids(places),
        message__channel=Channel.WHATSAPP,
        message__direction=ContactDirection.OUTBOUND,
    )
    return set(rows.values_list("message__campaign_lead", flat=True)) | _replied(places, Channel.WHATSAPP)


def _matches_profile(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    """Compare a field of the newest profile that was read of each lead; without one, the lead's own field."""
    name = rule.get("field", "")
    contacts = NetworkContact.objects.filter(lead__in=_lead_ids(places)).exclude(profile={})
    profiles = dict(contacts.order_by("looked_up_at", "pk").values_list("lead", "profile"))
    own: dict[UUID, Any] = {}
    if name in TEXT_FIELDS:
        without = [key for key in _lead_ids(places) if name not in profiles.get(key, {})]
        own = dict(Lead.objects.filter(pk__in=without).values_list("pk", name))
    values = {key: profiles.get(key, {}).get(name, own.get(key)) for key in _lead_ids(places)}
    wanted = [str(each) for each in rule.get("values", ())]
    operator = rule.get("operator", "is" if wanted else "is_not_empty")
    return _of_leads(places, {key for key, value in values.items() if compares(value, operator, wanted)})


def _at_level(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    """Compare how much each lead has done since it began: read, clicked or connected, replied or booked."""
    none, low, medium, high = range(len(LEVELS))
    steps = (
        (high, {*_replied(places, None), *_booked(rule, places)}),
        (medium, {*_clicked(rule, places), *_connected(rule, places)}),
        (low, {*_opened(rule, places), *_arrived({"condition": "whatsapp_read"}, places)}),
    )
    reached = {place.id: next((level for level, ids in steps if place.id in ids), none) for place in places}
    wanted = [LEVELS.index(each) for each in rule.get("values", ()) if each in LEVELS]
    if not wanted:
        return ()
    match rule.get("operator", "is"):
        case "at_least":
            return [key for key, level in reached.items() if level >= min(wanted)]
        case "at_most":
            return [key for key, level in reached.items() if level <= max(wanted)]
        case "is_not":
            return [key for key, level in reached.items() if level not in wanted]
    return [key for key, level in reached.items() if level in wanted]


def _begun_long_ago(rule: Mapping[str, Any], places: Sequence[Place], now: datetime) -> Collection[UUID]:
    since = now - timedelta(days=rule.get("after_days", 0), hours=rule.get("after_hours", 0))
    return [place.id for place in places if place.started_at is not None and place.started_at <= since]


def _booked(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    newest: dict[UUID, Any] = {}
    for lead, created in appointments().filter(lead__in=_lead_ids(places)).values_list("lead", "created_at"):
        newest[lead] = max(newest.get(lead, created), created)
    return [
        place.id
        for place in places
        if place.started_at is not None and place.lead_id in newest and newest[place.lead_id] >= place.started_at
    ]


def appointments() -> QuerySet[LeadBooking]:
    """Return the bookings that leads made and that were not cancelled."""
    return LeadBooking.objects.exclude(status=BookingStatus.CANCELLED).exclude(booking_type__in=OWN_PLANS)


def _in_column(column: str) -> "Callable[[Mapping[str, Any], Sequence[Place]], Collection[UUID]]":
    def look(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
        wanted = set(rule.get("values", ()))
        rows = Lead.objects.filter(pk__in=_lead_ids(places), **{f"{column}__in": wanted})
        return _of_leads(places, set(rows.values_list("pk", flat=True)))

    return look


def _tagged(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    wanted = set(rule.get("values", ()))
    rows = Lead.objects.filter(pk__in=_lead_ids(places)).values_list("pk", "tags")
    return _of_leads(places, {key for key, tags in rows if wanted & set(tags)})


def _field(rule: Mapping[str, Any], places: Sequence[Place]) -> Collection[UUID]:
    name = rule.get("field", "")
    if name in TEXT_FIELDS and rule["condition"] == "field":
        values = dict(Lead.objects.filter(pk__in=_lead_ids(places)).values_list("pk", name))
    else:
        rows = Lead.objects.filter(pk__in=_lead_ids(places)).values_list("pk", "custom_fields")
        values = {key: fields.get(name) for key, fields in rows}
    wanted = [str(each) for each in rule.get("values", ())]
    operator = rule.get("operator", "is" if wanted else "is_not_empty")
    return _of_leads(places, {key for key, value in values.items() if compares(value, operator, wanted)})


def compares(value: object, operator: str, wanted: Sequence[str]) -> bool:
    """Return whether a value of a lead compares to one of the wanted values. Case does not matter."""
    text = "" if value is None else str(value).strip().casefold()
    others = [each.strip().casefold() for each in wanted]
    match operator:
        case "is":
            return text in others
        case "is_not":
            return text not in others
        case "contains":
            return any(each and each in text for each in others)
        case "is_empty":
            return not text
        case "is_not_empty":
            return bool(text)
        case "at_least" | "at_most":
            numbers = [_number(each) for each in (text, *others)]
            if len(numbers) < 2 or None in numbers:
                return False
            first, second = numbers[0], numbers[1]
            return (first >= second) if operator == "at_least" else (first <= second)  # type: ignore[operator]
    return False


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_ANSWERS: Final[Mapping[str, Callable[[Mapping[str, Any], Sequence[Place]], Collection[UUID]]]] = {
    "opened": _opened,
    "clicked": _clicked,
    "bounced": _bounced,
    "connected": _connected,
    **dict.fromkeys(ARRIVED, _arrived),
    "profile_matches": _matches_profile,
    "engagement_level": _at_level,
    "booked": _booked,
    **dict.fromkeys(CALLS, _called),
    "stage": _in_column("stage"),
    "status": _in_column("status"),
    "tag": _tagged,
    "field": _field,
    "custom_field": _field,
}
# The conditions that LAD can answer.
ANSWERABLE: Final = frozenset({*REPLIES, *_ANSWERS, "time_elapsed"})


def _ids(places: Sequence[Place]) -> list[UUID]:
    return [place.id for place in places]


def _lead_ids(places: Sequence[Place]) -> list[UUID]:
    return list({place.lead_id for place in places})


def _of_leads(places: Sequence[Place], leads: set[UUID]) -> list[UUID]:
    return [place.id for place in places if place.lead_id in leads]

"""LinkedIn: invitations and messages depend on whether the account and the lead are connected."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from campaigns.accounts.models import NetworkAccount
from campaigns.design.graph import Step
from campaigns.design.step_specs import SENT
from campaigns.design.step_types.linkedin_connect import CONNECTED
from campaigns.engine import words
from campaigns.engine.acting import Outcomes, left, skipped
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Advance, Outcome, Place, Wait
from campaigns.engine.words import Account, Prepared, Words
from campaigns.enrolment.models import ActivityStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.network_contacts.models import NetworkContact, Relation

NEWEST_POST: Final = {"post": "newest"}
INVITED: Final = "The lead was invited already and has not answered yet."
NOT_CONNECTED: Final = "The lead is not connected with {account} on LinkedIn."
WITHDRAWN: Final = "The lead did not accept the invitation of {account}, and it was withdrawn."
BLOCKED: Final = "The lead has blocked {account} on LinkedIn."


def act(step: Step, places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> Prepared:
    """Visit, follow or like without a word; the newest post is liked."""
    metadata: dict[str, Any] = {**NEWEST_POST} if step.type == "linkedin_like" else {}
    if step.type == "linkedin_scrape_profile":
        metadata = {"fields": list(step.config.get("fields", ()))}
    return Prepared({place.id: Words(metadata=metadata) for place in places})


def comment(step: Step, places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> Prepared:
    """Comment on the newest post."""
    return _spoken(step, places, accounts, context, metadata=NEWEST_POST)


def invite(step: Step, places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> Prepared:
    """Invite those who are not connected. Whoever is connected already goes on as connected, without an invitation."""
    known = contacts(places, accounts)
    found: Outcomes = {}
    for place in places:
        contact = known.get(place.id)
        if contact is None:
            continue
        if contact.relation == Relation.CONNECTED:
            found[place.id] = Advance(CONNECTED, status=ActivityStatus.CONNECTED, metadata={"already": True})
        elif contact.relation == Relation.INVITED:
            found[place.id] = Advance(SENT, status=ActivityStatus.SKIPPED, error=INVITED)
        elif contact.relation == Relation.BLOCKED:
            found[place.id] = skipped(BLOCKED.format(account=accounts[place.id]))
    spoken = _spoken(step, left(places, found), accounts, context)
    return Prepared(spoken.words, found | spoken.outcomes)


def write(step: Step, places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> Prepared:
    """Write to those who are connected. The others wait for it or skip the step.

    Of whom nothing is known yet, a message is tried: LinkedIn says whether they are connected.
    """
    known = contacts(places, accounts)
    found: Outcomes = {}
    for place in places:
        contact = known.get(place.id)
        if contact is not None and contact.relation == Relation.CONNECTED:
            continue
        if contact is None or not (_is_known(contact) or place.reason == EnrolmentReason.NOT_CONNECTED):
            continue
        found[place.id] = _unconnected(step, contact, accounts[place.id])
    spoken = _spoken(step, left(places, found), accounts, context)
    return Prepared(spoken.words, found | spoken.outcomes)


def after_failure(step: Step, places: Sequence[Place]) -> Outcomes:
    """Return what becomes of those whose message failed because the lead is not connected."""
    if step.type != "linkedin_message":
        return {}
    by_lead: dict[UUID, list[NetworkContact]] = {}
    rows = NetworkContact.objects.filter(lead__in={place.lead_id for place in places}, linkedin_account__isnull=False)
    for row in rows.select_related("linkedin_account"):
        by_lead.setdefault(row.lead_id, []).append(row)
    found: Outcomes = {}
    for place in places:
        contacts_of_lead = by_lead.get(place.lead_id, [])
        unconnected = [row for row in contacts_of_lead if _is_known(row) and row.relation != Relation.CONNECTED]
        if unconnected and len(unconnected) == len(contacts_of_lead):
            found[place.id] = _unconnected(step, unconnected[0], unconnected[0].linkedin_account)
    return found


def contacts(places: Iterable[Place], accounts: Mapping[UUID, Account]) -> dict[UUID, NetworkContact]:
    """Return what is known of each lead from the account that acts for it, by enrolment, in one statement."""
    places = list(places)
    column = next((row.message_column for row in accounts.values() if isinstance(row, NetworkAccount)), "")
    if not places or not column:
        return {}
    rows = NetworkContact.objects.filter(
        lead__in={place.lead_id for place in places},
        **{f"{column}__in": {accounts[place.id].pk for place in places}},
    )
    known = {(row.lead_id, getattr(row, f"{column}_id")): row for row in rows}
    found = {place.id: known.get((place.lead_id, accounts[place.id].pk)) for place in places}
    return {key: row for key, row in found.items() if row is not None}


def _is_known(contact: NetworkContact) -> bool:
    """Return whether LinkedIn has said how the lead and the account stand to each other."""
    return contact.relation != Relation.NONE or contact.looked_up_at is not None


def _unconnected(step: Step, contact: NetworkContact, account: object) -> Outcome:
    if contact.relation == Relation.BLOCKED:
        return skipped(BLOCKED.format(account=account))
    if contact.relation == Relation.WITHDRAWN:
        return skipped(WITHDRAWN.format(account=account))
    if step.config.get("if_not_connected") == "skip":
        return skipped(NOT_CONNECTED.format(account=account))
    return Wait(None, EnrolmentReason.NOT_CONNECTED)


def _spoken(
    step: Step,
    places: Sequence[Place],
    accounts: Mapping[UUID, Account],
    context: Context,
    *,
    metadata: Mapping[str, str] | None = None,
) -> Prepared:
    """Return the step's text for each lead."""
    values = words.values_of(places, accounts, context)
    texts, problems = words.fill(step, places, values, context)
    return Prepared({key: Words(text.body, metadata=metadata or {}) for key, text in texts.items()}, problems)

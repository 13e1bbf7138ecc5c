"""The sequences to begin with: those of LAD and those that the tenant's people share; and campaigns made from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q

from campaigns.accounts.models import AccountStatus, CampaignAccount, LinkedinAccount
from campaigns.design.graph import graph_of
from campaigns.design.models import Campaign
from campaigns.design.step_specs import TEMPLATE, channel_of
from campaigns.editor.drafts import DraftStep, document_of, draft_of, draft_of_campaign
from campaigns.editor.models import SequenceTemplate
from campaigns.editor.ready_made import ready_made
from campaigns.editor.services import save_sequence
from campaigns.enrolment.services.enrolment import HAS_ADDRESS, EnrolmentOutcome, LeadChoice, enrol
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.db.identifiers import uuid_or_none
from lad.errors import Invalid, NotFound
from lad.types import Actor
from leads.channels import Channel
from leads.contacts.models import Lead

EMPTY: Final = "empty"


@dataclass(frozen=True, slots=True)
class StepSequence:
    """A sequence to make campaigns from. ``key`` is its name here, or the id of a shared one."""

    key: str
    name: str
    description: str
    draft: Sequence[DraftStep]
    config: Mapping[str, Any] = field(default_factory=dict)
    is_shared: bool = False

    @property
    def channels(self) -> list[Channel]:
        """Return the channels that its steps use, in the order of their first step."""
        found = (channel_of(step.type) for step in self.draft)
        return list(dict.fromkeys(channel for channel in found if channel is not None))


@dataclass(frozen=True, slots=True)
class Made:
    """A campaign that was made from a sequence. ``enrolled`` is None if no leads were chosen."""

    campaign: Campaign
    enrolled: EnrolmentOutcome | None


def sequences() -> list[StepSequence]:
    """Return the sequences that the tenant can begin with: its own first."""
    own = [_of_template(row) for row in SequenceTemplate.objects.order_by("name")]
    return [*own, *map(_of_ready_made, ready_made())]


def sequence_named(key: str) -> StepSequence:
    """Return a ready-made or shared sequence. Raises NotFound."""
    if key in ready_made():
        return _of_ready_made(key)
    row = SequenceTemplate.objects.filter(pk=uuid_or_none(key)).first()
    if row is None:
        raise NotFound
    return _of_template(row)


@transaction.atomic
def make_campaign(
    *,
    sequence: StepSequence | None,
    name: str,
    actor: Actor,
    leads: Sequence[UUID] | LeadChoice | None = None,
    linkedin_accounts: Sequence[UUID] = (),
) -> Made:
    """Create a draft with the steps of the sequence, and enrol the leads. Without a sequence it has no steps.

    ``linkedin_accounts`` act for it on LinkedIn. Raises Invalid, also for steps that cannot be saved as they are.
    """
    if not name.strip():
        raise Invalid(errors={"name": ["Give the campaign a name."]})
    values = {"name": name.strip(), "config": dict(sequence.config) if sequence else {}}
    campaign = writes.create(Campaign, values, actor=actor)
    if sequence is not None:
        save_sequence(campaign=campaign, draft=_with_templates(sequence.draft), actor=actor)
    _assign(campaign, linkedin_accounts, actor)
    outcome = enrol(campaign=campaign, leads=leads, actor=actor) if leads else None
    return Made(campaign, outcome)


@transaction.atomic
def share(*, campaign: Campaign, name: str, description: str, actor: Actor) -> SequenceTemplate:
    """Keep the campaign's steps and texts as a sequence for the tenant's people. Raises Invalid and Refused.

    The texts of templates are copied, so that the sequence stays whole when a template is deleted.
    """
    draft = draft_of_campaign(campaign, graph_of(campaign))
    if not draft:
        raise Invalid("The campaign has no steps yet. Add some before you share it.")
    values = {
        "tenant_id": campaign.tenant_id,
        "name": name.strip() or campaign.name,
        "description": description.strip(),
        "steps": document_of([_with_texts(step) for step in draft]),
    }
    return writes.create(SequenceTemplate, values, actor=actor)


@dataclass(frozen=True, slots=True)
class LeadCount:
    """How many leads a choice has, and how many of them a sequence reaches on each of its channels."""

    leads: int
    reachable: int
    by_channel: Mapping[str, int]


def count_leads(*, tenant_id: UUID, choice: LeadChoice, channels: Sequence[Channel]) -> LeadCount:
    """Count the leads of the choice that are not archived. Nobody is enrolled. Raises Invalid for an empty choice."""
    rows = Lead.objects.filter(choice.condition(), tenant=tenant_id, is_archived=False).order_by()
    addressed = [channel for channel in channels if channel in HAS_ADDRESS]
    anywhere = Q()
    for channel in addressed:
        anywhere |= HAS_ADDRESS[channel]
    totals: dict[str, Any] = {f"on_{each}": Count("pk", filter=HAS_ADDRESS[each]) for each in addressed}
    found = rows.aggregate(leads=Count("pk"), reachable=Count("pk", filter=anywhere), **totals)
    by_channel = {str(channel): found[f"on_{channel}"] for channel in addressed}
    # A channel without an address of its own, such as Instagram, leaves nobody out.
    reachable = found["reachable"] if addressed and len(addressed) == len(channels) else found["leads"]
    return LeadCount(found["leads"], reachable, by_channel)


def linkedin_choices(tenant_id: UUID) -> list[LinkedinAccount]:
    """Return the accounts that can act for a campaign on LinkedIn."""
    rows = LinkedinAccount.objects.filter(tenant=tenant_id, is_active=True, status=AccountStatus.ACTIVE)
    return list(rows.select_related("user").order_by("account_name"))


def _of_ready_made(key: str) -> StepSequence:
    found = ready_made()[key]
    return StepSequence(key, found.name, found.description, draft_of(found.steps), found.config)


def _of_template(row: SequenceTemplate) -> StepSequence:
    return StepSequence(str(row.pk), row.name, row.description, draft_of(row.steps), is_shared=True)


def _assign(campaign: Campaign, account_ids: Sequence[UUID], actor: Actor) -> None:
    known = {row.pk: row for row in linkedin_choices(campaign.tenant_id)}
    for place, key in enumerate(dict.fromkeys(account_ids)):
        if key not in known:
            raise Invalid(errors={"linkedin_accounts": ["Choose accounts that are connected."]})
        values = {"campaign": campaign, "linkedin_account": known[key], "is_primary": place == 0}
        writes.create(CampaignAccount, values, actor=actor)


def _with_texts(step: DraftStep) -> DraftStep:
    """Return the step with its template's texts beside the template's id."""
    row = CommunicationTemplate.objects.filter(pk=uuid_or_none(step.config.get(TEMPLATE))).first()
    if row is None:
        return step
    body = "body" if row.channel == Channel.EMAIL else "message"
    texts = {body: row.body, **({"subject": row.subject, "html": row.html_content} if body == "body" else {})}
    return _with_config(step, {**step.config, **{name: text for name, text in texts.items() if text}})


def _with_templates(draft: Sequence[DraftStep]) -> list[DraftStep]:
    """Return the steps; those whose template is gone send the texts that were copied from it."""
    return [_with_config(step, _without_lost_template(step.config)) for step in draft]


def _without_lost_template(config: Mapping[str, Any]) -> dict[str, Any]:
    key = config.get(TEMPLATE)
    if not key or CommunicationTemplate.objects.filter(pk=uuid_or_none(key)).exists():
        return dict(config)
    return {name: value for name, value in config.items() if name != TEMPLATE}


def _with_config(step: DraftStep, config: Mapping[str, Any]) -> DraftStep:
    return DraftStep(step.key, step.type, step.title, step.description, config, step.links)

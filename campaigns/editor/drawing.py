"""The sequence of a campaign as its editor draws it, and the kinds of steps to choose from."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from django.db.models import Count
from django.utils.text import Truncator

from campaigns.accounts.models import AccountStatus, ChannelAccount, EmailAccount, LinkedinAccount
from campaigns.accounts.services import USABLE
from campaigns.analytics.icons import step_icon
from campaigns.design.admin.setting_choices import choices_of
from campaigns.design.admin.setting_words import EXPLANATIONS, outcome_in_words, value_in_words
from campaigns.design.graph import graph_of
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services.steps import EDITABLE
from campaigns.design.step_specs import TEMPLATE, StepSpec, channel_of, step_types
from campaigns.editor.drafts import DraftStep, draft_of_campaign, version_of
from campaigns.engine.handlers import acts, can_do
from campaigns.enrolment.models import OPEN_ENROLMENTS
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.texts import BODY_SETTINGS
from lad.labels import in_words
from leads.channels import Channel

SUMMARY_WORDS: Final = 18
# The paths of these steps are always drawn beside each other, also while they lead to the same step.
FORKS: Final = frozenset({"condition", "branch", "ab_split"})
# The settings of a new step that would otherwise be refused.
BEGINNINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "delay": {"days": 2},
    "ab_split": {"weights": [1, 1]},
    "condition": {"condition": "replied", "within": {"days": 3}},
    "branch": {"rules": [{"condition": "replied"}]},
    "goal": {"goal": "replied"},
}
GROUPS: Final = {
    Channel.EMAIL: "E-mail",
    Channel.LINKEDIN: "LinkedIn",
    Channel.WHATSAPP: "WhatsApp",
    Channel.SMS: "SMS",
    Channel.VOICE: "Calls",
    Channel.WEB: "Instagram",
}
FLOW: Final = "Wait and decide"
OTHERS: Final = "People and systems"
FINDING: Final = "Find leads"
FLOW_TYPES: Final = ("delay", "condition", "ab_split", "branch", "goal", "goto", "end", "start")
# What people add most stands first.
FIRST_OF_GROUP: Final = (*FLOW_TYPES, "email_send", "linkedin_connect", "linkedin_message", "manual_task")


class Outcome(TypedDict):
    """A way in which a step can end."""

    key: str
    label: str


class DrawnStep(TypedDict):
    """A step as a card. ``next`` has the key of the step that follows on each outcome, null for the end."""

    key: str
    type: str
    title: str
    description: str
    config: Mapping[str, Any]
    next: Mapping[str, str | None]
    outcomes: list[Outcome]
    label: str
    icon: str
    channel: str
    fork: bool
    summary: str
    leads: int


class Drawing(TypedDict):
    """The whole sequence. ``version`` is sent back when it is saved."""

    version: str
    editable: bool
    running: bool
    steps: list[DrawnStep]


class Kind(TypedDict):
    """A kind of step to choose. ``reason`` says why it cannot be chosen, ``warning`` what it still lacks."""

    type: str
    label: str
    icon: str
    channel: str
    group: str
    explanation: str
    reason: str
    warning: str
    config: Mapping[str, Any]
    outcomes: list[Outcome]
    fork: bool


def drawing_of(campaign: Campaign) -> Drawing:
    """Return the campaign's sequence."""
    draft = draft_of_campaign(campaign, graph_of(campaign))
    standing = campaign.enrolments.filter(status__in=OPEN_ENROLMENTS, next_step__isnull=False).order_by()
    numbers = {
        str(key): number for key, number in standing.values_list("next_step").annotate(number=Count("pk")).iterator()
    }
    return {
        "version": version_of(draft),
        "editable": campaign.status in EDITABLE and campaign.deleted_at is None,
        "running": campaign.status == CampaignStatus.RUNNING,
        "steps": drawn(draft, campaign, leads=numbers),
    }


def drawn(
    draft: Sequence[DraftStep], campaign: Campaign | None = None, *, leads: Mapping[str, int] | None = None
) -> list[DrawnStep]:
    """Return the steps as cards, in their order."""
    names = template_names(draft)
    return [_card(draft, place, names, campaign, (leads or {}).get(draft[place].key, 0)) for place in range(len(draft))]


def _card(
    draft: Sequence[DraftStep], place: int, names: Mapping[str, str], campaign: Campaign | None, leads: int
) -> DrawnStep:
    step = draft[place]
    following = draft[place + 1].key if place + 1 < len(draft) else None
    spec = step_types.get(step.type) if step.type in step_types else None
    return {
        "key": step.key,
        "type": step.type,
        "title": step.title,
        "description": step.description,
        "config": dict(step.config),
        "next": {outcome: step.links.get(outcome, following) for outcome in step.outcomes},
        "outcomes": outcomes_of(step),
        "label": spec.label if spec else in_words(step.type),
        "icon": step_icon(step.type),
        "channel": channel_key(step.type),
        "fork": step.type in FORKS,
        "summary": summary_of(step, names, campaign),
        "leads": leads,
    }


def outcomes_of(step: DraftStep) -> list[Outcome]:
    """Return the outcomes of the step with their names."""
    return [{"key": each, "label": outcome_in_words(step.type, each)} for each in step.outcomes]


def channel_key(key: str) -> str:
    """Return the channel of a type of step; “flow” for steps that wait or decide."""
    channel = channel_of(key)
    return str(channel) if channel is not None else "flow"


def summary_of(step: DraftStep, names: Mapping[str, str], campaign: Campaign | None = None) -> str:
    """Return what the step does in a line: the first words of its text, or how long it waits."""
    config = step.config
    if config.get(TEMPLATE):
        return f"Template: {names.get(str(config[TEMPLATE]), 'one that does not exist any more')}"
    if step.type == "delay":
        return wait_in_words(config)
    if "condition" in config:
        return _question(config)
    if step.type == "branch":
        return " · ".join(_question(rule) for rule in config.get("rules", ()))
    if step.type == "ab_split":
        weights = config.get("weights", ())
        whole = sum(weights) or 1
        return " : ".join(f"{round(100 * weight / whole)} %" for weight in weights)
    if "goal" in config:
        return f"The lead {value_in_words(config['goal'])}"
    for name in ("campaign", "endpoint"):
        if campaign is not None and config.get(name):
            return dict(choices_of(name, campaign.tenant_id, config[name]) or ()).get(str(config[name]), "")
    text = next((str(config[name]) for name in ("subject", *BODY_SETTINGS, "instructions") if config.get(name)), "")
    return Truncator(" ".join(text.split())).words(SUMMARY_WORDS, truncate=" …")


def wait_in_words(config: Mapping[str, Any]) -> str:
    """Return how long a delay lasts, for example “3 working days”."""
    parts = []
    for name in ("days", "hours", "minutes"):
        if number := config.get(name):
            unit = "working days" if name == "days" and config.get("working_days") else name
            parts.append(f"{number} {unit.removesuffix('s') if number == 1 else unit}")
    if config.get("until_weekday"):
        parts.append(f"until {in_words(str(config['until_weekday']))}")
    if config.get("until_time"):
        parts.append(f"until {config['until_time']}")
    return " ".join(parts) or "no time"


def _question(rule: Mapping[str, Any]) -> str:
    words = f"The lead {value_in_words(rule.get('condition', ''))}"
    if values := rule.get("values"):
        words += f": {', '.join(map(str, values))}"
    if rule.get("within"):
        words += f" within {wait_in_words(rule['within'])}"
    return words


def template_names(draft: Sequence[DraftStep]) -> dict[str, str]:
    """Return the names of the templates that the steps use, by their ids."""
    keys = {str(step.config[TEMPLATE]) for step in draft if step.config.get(TEMPLATE)}
    if not keys:
        return {}
    return {str(pk): name for pk, name in CommunicationTemplate.objects.filter(pk__in=keys).values_list("pk", "name")}


def kinds(campaign: Campaign) -> list[Kind]:
    """Return the kinds of steps, grouped by channel. Those that LAD cannot do say why."""
    missing = _missing_accounts(campaign)
    found = [_kind(spec, missing) for spec in step_types if spec.key != "start"]
    order = [FLOW, *GROUPS.values(), OTHERS, FINDING]

    def place(kind: Kind) -> tuple[int, bool, int, str]:
        usual = FIRST_OF_GROUP.index(kind["type"]) if kind["type"] in FIRST_OF_GROUP else len(FIRST_OF_GROUP)
        return order.index(kind["group"]), bool(kind["reason"]), usual, kind["label"]

    return sorted(found, key=place)


def _kind(spec: StepSpec, missing: Mapping[Channel, str]) -> Kind:
    config = dict(BEGINNINGS.get(spec.key, {}))
    draft = DraftStep("", spec.key, spec.label, "", config)
    return {
        "type": spec.key,
        "label": spec.label,
        "icon": step_icon(spec.key),
        "channel": channel_key(spec.key),
        "group": _group(spec),
        "explanation": EXPLANATIONS.get(spec.key, ""),
        "reason": _reason(spec),
        "warning": missing.get(spec.channel, "") if spec.channel else "",
        "config": config,
        "outcomes": outcomes_of(draft),
        "fork": spec.key in FORKS,
    }


def _reason(spec: StepSpec) -> str:
    if acts(spec.key) or spec.finds_leads:
        return ""
    if can_do(spec.key):
        return "LAD does not do this yet. A step of this kind would be passed over."
    return "LAD cannot do this yet. Leads would wait at such a step."


def _group(spec: StepSpec) -> str:
    if spec.channel is not None:
        return GROUPS.get(spec.channel, OTHERS)
    if spec.finds_leads or spec.for_everybody:
        return FINDING
    return FLOW if spec.key in FLOW_TYPES else OTHERS


def _missing_accounts(campaign: Campaign) -> dict[Channel, str]:
    """Return what to do about channels for which the tenant has no account."""
    found: dict[Channel, str] = {}
    tenant = campaign.tenant_id
    if not EmailAccount.objects.filter(tenant=tenant, is_active=True, status__in=USABLE).exists():
        found[Channel.EMAIL] = "Connect an e-mail account before the start."
    if not LinkedinAccount.objects.filter(tenant=tenant, is_active=True, status=AccountStatus.ACTIVE).exists():
        found[Channel.LINKEDIN] = "Connect a LinkedIn account before the start."
    ready = ChannelAccount.objects.filter(tenant=tenant, is_active=True, status=AccountStatus.ACTIVE)
    have = set(ready.order_by().values_list("channel", flat=True).distinct())
    for channel in (Channel.WHATSAPP, Channel.SMS, Channel.WEB):
        if channel not in have:
            found[channel] = f"Connect an account for {GROUPS[channel]} before the start."
    return found

"""Find before the start of a campaign which of its leads lack values that its messages need."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce

from campaigns.accounts.models import EmailAccount, LinkedinAccount
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import channel_of, step_types
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead
from campaigns.templates.checking import required_variables
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import sender_values
from campaigns.templates.texts import all_texts_of
from campaigns.templates.variables import CUSTOM, VARIABLES
from leads.channels import Channel
from tenants.teams.models import Tenant

# These always have a value.
ALWAYS: Final = frozenset({"campaign.name", "today", "tomorrow", "now", "weekday", "unsubscribe_url"})
LABELS: Final = {variable.name: variable.label for variable in VARIABLES}

_COPIED: Final = frozenset({"first_name", "last_name", "title", "company_name", "email", "phone", "linkedin_url"})
_OF_LEAD: Final = frozenset({"company_domain", "location"})


@dataclass(frozen=True, slots=True)
class Lacking:
    """A variable that a step writes out, and how many open enrolments or which accounts have no value for it.

    Its messages wait or are skipped for those, as the step says. ``error`` says why the step's texts cannot be used
    at all.
    """

    step: CampaignStep
    variable: str = ""
    leads: int = 0
    accounts: tuple[str, ...] = ()
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"“{self.step.title}”: {self.error}"
        name = f"{{{{ {self.variable} }}}}"
        if self.accounts:
            return f"“{self.step.title}”: {', '.join(self.accounts)} has no value for {name}."
        people = "1 lead has" if self.leads == 1 else f"{self.leads:,} leads have"
        advice = f'Fill it in, or write {{{{ {self.variable} | default: "…" }}}}.'
        return f"“{self.step.title}”: {people} no value for {name}. {advice}"


def lacking(campaign: Campaign) -> list[Lacking]:
    """Return what the messages of the campaign lack, in the order of the steps. Empty if every lead has everything.

    Enrolments are counted in one statement, whatever their number.
    """
    found: list[Lacking] = []
    needed: list[tuple[CampaignStep, str]] = []
    for step in campaign.steps.order_by("order"):
        if step.type not in step_types or not step_types.get(step.type).delivers:
            continue
        try:
            names = dict.fromkeys(name for texts in all_texts_of(step) for name in required_variables(texts))
        except TemplateError as error:
            found.append(Lacking(step, error=str(error)))
            continue
        needed += [(step, name) for name in names if name not in ALWAYS]
    needed = [
        (step, name) for step, name in needed if name != "booking_url" or not _accounts_have_links(campaign, step)
    ]
    by_lead = [name for _step, name in needed if not name.startswith("sender.")]
    counts = _counts(campaign, list(dict.fromkeys(by_lead)))
    for step, name in needed:
        if name.startswith("sender."):
            accounts = tuple(_accounts_without(campaign, step, name.partition(".")[2]))
            found += [Lacking(step, name, accounts=accounts)] if accounts else []
        elif counts[name]:
            found.append(Lacking(step, name, leads=counts[name]))
    return found


def _counts(campaign: Campaign, names: Sequence[str]) -> dict[str, int]:
    """Return how many open enrolments have no value for each variable."""
    if not names:
        return {}
    rows = CampaignLead.objects.filter(campaign=campaign, status__in=OPEN_ENROLMENTS)
    totals: dict[str, Any] = {}
    for number, name in enumerate(names):
        rows, empty = _empty(rows, name, f"value_{number}")
        totals[f"count_{number}"] = Count("pk", filter=empty)
    found = rows.aggregate(**totals)
    return {name: found[f"count_{number}"] for number, name in enumerate(names)}


def _empty(rows: QuerySet, name: str, alias: str) -> tuple[QuerySet, Q]:
    """Return the rows, annotated where that is needed, and the condition that they have no value."""
    group, _, field = name.partition(".")
    if name == "full_name":
        return rows, _all_empty("lead__first_name", "first_name", "lead__last_name", "last_name")
    if name in _COPIED:
        return rows, _all_empty(f"lead__{name}", name)
    if name in _OF_LEAD:
        return rows, _all_empty(f"lead__{name}")
    if name == "instagram":
        return _annotated(rows, alias, KeyTextTransform("instagram", "lead__social__data"))
    if name == "industry":
        sources = (
            KeyTextTransform("industry", "lead__custom_fields"),
            KeyTextTransform("industry", "lead_data"),
            KeyTextTransform("industry", "lead__raw_data"),
            KeyTextTransform("industry", KeyTransform("organization", "lead__raw_data")),
        )
        return _annotated(rows, alias, Coalesce(*sources, output_field=TextField()))
    if group == "owner" and field:
        columns = ["first_name", "last_name"] if field == "name" else [field]
        nobody = Q(lead__assigned_user__isnull=True)
        return rows, nobody | _all_empty(*(f"lead__assigned_user__{column}" for column in columns))
    if name == "booking_url":
        return rows, Q(lead__assigned_user__isnull=True) | Q(lead__assigned_user__booking_url="")
    keys = (name.split(".")[1:] if group == CUSTOM else [group]) or [group]
    source: Any = "lead__custom_fields"
    for key in keys[:-1]:
        source = KeyTransform(key, source)
    return _annotated(rows, alias, KeyTextTransform(keys[-1], source))


def _annotated(rows: QuerySet, alias: str, expression: Any) -> tuple[QuerySet, Q]:
    return rows.alias(**{alias: Coalesce(expression, Value(""), output_field=TextField())}), Q(**{alias: ""})


def _all_empty(*columns: str) -> Q:
    condition = Q()
    for column in columns:
        condition &= Q(**{column: ""})
    return condition


def _accounts_without(campaign: Campaign, step: CampaignStep, field: str) -> Iterator[str]:
    """Yield the accounts that can send the step's message and have no value for a variable of the sender."""
    tenant = Tenant.objects.get(pk=campaign.tenant_id)
    for account in _accounts(campaign, step):
        if account.user is None and not getattr(account, "from_name", ""):
            # The lead's owner signs.
            continue
        if field not in sender_values(account.user, account, tenant):
            yield str(account)


def _accounts_have_links(campaign: Campaign, step: CampaignStep) -> bool:
    """Return whether each account that can send the step's message has a booking link for leads without an owner's."""
    accounts = list(_accounts(campaign, step))
    return bool(accounts) and all(each.user is not None and each.user.booking_url for each in accounts)


def _accounts(campaign: Campaign, step: CampaignStep) -> Iterable[Any]:
    if channel_of(step.type) == Channel.EMAIL:
        return EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True).select_related("user")
    if channel_of(step.type) == Channel.LINKEDIN:
        used = campaign.accounts.filter(deleted_at__isnull=True).values("linkedin_account")
        return LinkedinAccount.objects.filter(pk__in=used).select_related("user")
    return []

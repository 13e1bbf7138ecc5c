"""What a call changes about its lead: the stage by rules, and the tag of its category."""

from collections.abc import Mapping
from typing import Any

from lad import writes
from lad.types import Actor
from leads.contacts.models import Lead
from leads.pipeline.models import LeadStage, Outcome
from voice.analysis.models import CallAnalysis, LeadCategory
from voice.calls.models import CallLog
from voice.dialer.models import DialingPolicy
from voice.json_schemas import DEFAULT_STAGE_RULES


def change(lead: Lead, call: CallLog, analysis: CallAnalysis, *, actor: Actor = None) -> Lead:
    """Move the lead on and tag it by what came of the call. An older call than its newest changes nothing."""
    newer = CallAnalysis.objects.filter(lead=lead.pk, call_log__created_at__gt=call.created_at, outcome__isnull=False)
    if analysis.outcome is None or newer.exists():
        return lead
    values = {**_stage(lead, analysis), **_tags(lead, analysis)}
    return writes.update(lead, values, actor=actor) if values else lead


def _stage(lead: Lead, analysis: CallAnalysis) -> dict[str, str]:
    """Return the stage that the rules name, if it is further on. A lead that is won or lost stays."""
    wanted = rules_of(lead).get(analysis.outcome or "")
    if not wanted or wanted == lead.stage:
        return {}
    stages = {row.key: row for row in LeadStage.objects.filter(key__in=[wanted, lead.stage])}
    now, then = stages.get(lead.stage), stages.get(wanted)
    if then is None or (now is not None and now.outcome != Outcome.OPEN):
        return {}
    forward = now is None or then.display_order > now.display_order
    return {"stage": wanted} if forward else {}


def rules_of(lead: Lead) -> Mapping[str, str]:
    """Return the stage that leads get by the outcome of a call: the tenant's rules, or else the usual ones."""
    policy = DialingPolicy.objects.filter(tenant=lead.tenant_id).only("stage_rules").first()
    return DEFAULT_STAGE_RULES if policy is None or policy.stage_rules is None else policy.stage_rules


def _tags(lead: Lead, analysis: CallAnalysis) -> dict[str, Any]:
    """Return the tags with the category of the newest call in the place of an earlier one."""
    if analysis.lead_category is None:
        return {}
    others = [tag for tag in lead.tags if tag not in LeadCategory.values]
    tags = [*others, str(analysis.lead_category)]
    return {} if set(tags) == set(lead.tags) else {"tags": tags}

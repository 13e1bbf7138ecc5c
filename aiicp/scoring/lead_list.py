"""The score of each lead in the list of leads: a column, a filter and an order."""

from typing import Any, Final

from django.contrib.admin.options import ModelAdmin
from django.db.models import BooleanField, ExpressionWrapper, FilteredRelation, Prefetch, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from aiicp.features import ICP_ASSISTANT
from aiicp.profiles.models import IcpProfile
from aiicp.scoring.models import LeadScore
from aiicp.scoring.selectors import scoring_profile
from lad.tenancy.access import access_of
from leads.contacts.extensions import LeadColumn, Visibility, add_column
from leads.contacts.models import Lead

GOOD, FAIR, WEAK = "good", "fair", "weak"
# From these points on.
BANDS: Final = {GOOD: (75, 100), FAIR: (50, 74), WEAK: (0, 49)}
LABELS: Final = {GOOD: "75 and more", FAIR: "50 to 74", WEAK: "under 50"}
COLOURS: Final = {GOOD: "success", FAIR: "info", WEAK: "default", "outdated": "warning"}
EXCLUDED, UNSCORED = "excluded", "none"


def profile_once(request: HttpRequest) -> IcpProfile | None:
    """Return the profile whose scores the list shows, read once for the request."""
    if "scoring_profile" not in vars(request):
        vars(request)["scoring_profile"] = scoring_profile(access_of(request).tenant_id)
    found: IcpProfile | None = vars(request)["scoring_profile"]
    return found


def heading(request: HttpRequest) -> str:
    """Return the title of the column, or nothing if no profile scores the leads."""
    return "ICP score" if profile_once(request) is not None else ""


def with_scores(request: HttpRequest, rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """Read the scores of the page's leads together, without their reasons."""
    profile = profile_once(request)
    if profile is None:
        return rows
    outdated = ~Q(criteria_version=profile.criteria_version)
    shown = LeadScore.objects.filter(tenant=profile.tenant_id, profile=profile.pk).defer("reasons")
    annotated = shown.annotate(is_outdated=ExpressionWrapper(outdated, output_field=BooleanField()))
    return rows.prefetch_related(Prefetch("icp_scores", annotated, to_attr="shown_scores"))


def by_score(request: HttpRequest, rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """Return the scored leads, with the relation by whose points they are sorted."""
    found: QuerySet[Lead] = scored(request, rows).filter(icp_score__points__gte=0)
    return found


def scored(request: HttpRequest, rows: QuerySet[Lead]) -> Any:
    """Return the rows with their score by the shown profile as ``icp_score``, which is joined only if it is used."""
    profile = profile_once(request)
    key = profile.pk if profile is not None else None
    return rows.annotate(icp_score=FilteredRelation("icp_scores", condition=Q(icp_scores__profile=key)))


def cell(lead: Lead) -> tuple[str, str] | None:
    """Return the colour and the text of a lead's score, or None if it has none."""
    # Read by with_scores: one at most.
    score: Any = next(iter(getattr(lead, "shown_scores", ())), None)
    if score is None:
        return None
    if score.is_outdated:
        return "outdated", f"{score.points} (outdated)"
    if score.is_excluded:
        return WEAK, "Excluded"
    return band(score.points), str(score.points)


def band(points: int) -> str:
    """Return the band that the points lie in."""
    return next(name for name, (least, _most) in BANDS.items() if points >= least)


class ScoreFilter(DropdownFilter):
    """Leads by their score."""

    title = "ICP score"
    parameter_name = "icp_score"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [*LABELS.items(), (EXCLUDED, "Excluded"), (UNSCORED, "Not scored")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        chosen, profile = self.value(), profile_once(request)
        if not chosen or profile is None:
            return queryset
        if chosen == UNSCORED:
            return scored(request, queryset).filter(icp_score__isnull=True)
        if chosen == EXCLUDED:
            return scored(request, queryset).filter(icp_score__points=0, icp_score__is_excluded=True)
        if chosen not in BANDS:
            return queryset.none()
        least, most = BANDS[chosen]
        rows = scored(request, queryset).filter(icp_score__points__gte=least, icp_score__points__lte=most)
        return rows.filter(icp_score__is_excluded=False) if least == 0 else rows


add_column(
    LeadColumn(
        name="icp_score",
        heading=heading,
        cell=cell,
        rows=with_scores,
        by=by_score,
        order="icp_score__points",
        filters=(ScoreFilter,),
        visibility=Visibility(("assistant.view",), ICP_ASSISTANT),
        label=COLOURS,
    )
)

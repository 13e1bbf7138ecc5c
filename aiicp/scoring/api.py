"""The API of scores: those of leads, stored, and of anybody, computed when asked for."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.features import ICP_ASSISTANT
from aiicp.ownership import visible_profiles
from aiicp.profiles.models import IcpProfile
from aiicp.profiles.services import NoSuchProfile
from aiicp.scoring import services
from aiicp.scoring.models import LeadScore
from aiicp.scoring.scorer import Score
from lad.api import router
from lad.api.permissions import MissingRight, require_feature
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView, ResourceViewSet
from lad.db.models import LadModel
from lad.jobs.api import JOBS
from lad.tenancy.access import Access
from leads.companies.models import CompanySearchCache, EmployeeCache
from leads.contacts.models import Lead

MAX_AT_ONCE = 500


class LeadScoreViewSet(ResourceViewSet):
    """Scores of leads by the profiles that the caller sees."""

    def narrow(self, rows: QuerySet[LeadScore]) -> QuerySet[LeadScore]:
        live = rows.filter(profile__deleted_at__isnull=True, lead__deleted_at__isnull=True)
        return visible_profiles(self.access, live, path="profile__")


router.register(
    LeadScore,
    area="assistant",
    feature=ICP_ASSISTANT,
    methods=router.READ,
    filters=["profile", "lead", "points", "known", "is_excluded", "criteria_version", "scored_at"],
    order=["-created_at", "-points"],
    viewset=LeadScoreViewSet,
)


class ScoringSerializer(InputSerializer):
    """Whom to score: leads, or rows of the caches of companies and employees."""

    leads = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_AT_ONCE, required=False)
    companies = serializers.ListField(child=serializers.IntegerField(), max_length=MAX_AT_ONCE, required=False)
    employees = serializers.ListField(child=serializers.IntegerField(), max_length=MAX_AT_ONCE, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.values()):
            raise serializers.ValidationError("Send the ids of leads, companies or employees.")
        return attrs


class ScoreReasonResponse(serializers.Serializer):
    """The points of one criterion, of how many, and why."""

    criterion = serializers.CharField()
    verdict = serializers.ChoiceField(choices=["match", "close", "missing", "different", "excluded"])
    points = serializers.IntegerField()
    of = serializers.IntegerField()
    found = serializers.CharField()
    wanted = serializers.CharField()
    sentence = serializers.CharField()


class ScoreResponse(serializers.Serializer):
    """A score from 0 to 100. ``known`` is the percentage of the criteria's weight for which there is data."""

    kind = serializers.ChoiceField(choices=["lead", "company", "employee"])
    id = serializers.CharField()
    points = serializers.IntegerField()
    known = serializers.IntegerField()
    is_excluded = serializers.BooleanField()
    reasons = ScoreReasonResponse(many=True)


class ScoringResponse(serializers.Serializer):
    """The scores. Whom the caller does not see is left out."""

    results = ScoreResponse(many=True)


class ProfileView(LadAPIView):
    """A view about one profile that the caller sees."""

    area = "assistant"
    feature = ICP_ASSISTANT

    def profile(self, pk: UUID) -> IcpProfile:
        found = visible_profiles(self.access, IcpProfile.objects.filter(pk=pk)).first()
        if found is None:
            raise NoSuchProfile
        return found


class ScoringView(ProfileView):
    """Score leads, cached companies or cached employees by a profile. Nothing is stored."""

    rights: ClassVar[dict[str, str]] = {"post": "assistant.view"}
    # What is scored → its model, and how the answer calls it.
    kinds: ClassVar[dict[str, tuple[Any, str]]] = {
        "leads": (Lead, "lead"),
        "companies": (CompanySearchCache, "company"),
        "employees": (EmployeeCache, "employee"),
    }

    @extend_schema(
        operation_id="ai_icp_profiles_score",
        summary="Score leads, companies or employees by the profile, with reasons",
        request=ScoringSerializer,
        responses={200: ScoringResponse},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        asked, profile = ScoringSerializer.read(request.data), self.profile(pk)
        results = []
        for name, (model, kind) in self.kinds.items():
            if not asked.get(name):
                continue
            require_visible(self.access, model)
            rows = model.objects.filter(tenant=profile.tenant_id, pk__in=asked[name])
            results += [_shown(kind, key, found) for key, found in services.score(profile, rows).items()]
        return Response(ScoringResponse({"results": results}).data)


class RecomputeView(ProfileView):
    """Let the list of leads show the scores of a profile, and score all leads."""

    rights: ClassVar[dict[str, str]] = {"post": "assistant.update", "delete": "assistant.update"}

    @extend_schema(
        operation_id="ai_icp_profiles_score_leads",
        summary="Let the profile score the tenant's leads, and score all of them by a job",
        request=None,
        responses={202: JOBS.serializer, 204: None},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        job = services.choose(profile=self.profile(pk), access=self.access)
        if job is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        shown = JOBS.serializer(job, context={"request": request}).data
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers={"Location": f"{JOBS.url}{job.pk}/"})

    @extend_schema(
        operation_id="ai_icp_profiles_stop_scoring_leads",
        summary="Show no scores in the list of leads any more",
        responses={204: None},
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        services.stop_scoring(profile=self.profile(pk), access=self.access)
        return Response(status=status.HTTP_204_NO_CONTENT)


def require_visible(access: Access, model: type[LadModel]) -> None:
    """Raise MissingRight or FeatureClosed unless the caller may see such rows in the API."""
    resource = router.resource_of(model)
    if not access.allows(right := f"{resource.area}.view"):
        raise MissingRight(right=right)
    if resource.feature:
        require_feature(access, resource.feature)


def _shown(kind: str, key: Any, score: Score) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": str(key),
        "points": score.points,
        "known": score.known,
        "is_excluded": score.is_excluded,
        "reasons": score.reasons,
    }


router.route("ai-icp-profiles/<uuid:pk>/scores/", ScoringView.as_view(), name="ai-icp-profile-scores")
router.route("ai-icp-profiles/<uuid:pk>/lead-scoring/", RecomputeView.as_view(), name="ai-icp-profile-lead-scoring")
router.include(Lead, "icp_scores", LeadScore)

"""Jobs in the API, and what other resources need to start one."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.filters import FilterBackend, list_parameters
from lad.api.permissions import require_confirmed
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet, require_tenant
from lad.errors import Invalid
from lad.jobs import services
from lad.jobs.kinds import JobKind
from lad.jobs.models import Job, JobFailure
from lad.jobs.reports import may_have_names, report
from lad.jobs.services import visible_jobs
from lad.types import Values

# A filter selects any number of rows.
MAX_IDS: Final = 10_000


class JobViewSet(ResourceViewSet):
    """The caller's own jobs, or everybody's for members who may oversee jobs."""

    rights: ClassVar = {"cancel": "jobs.view", "resume": "jobs.view", "report": "jobs.view"}

    def narrow(self, rows: QuerySet[Job]) -> QuerySet[Job]:
        return visible_jobs(self.access, rows)

    @extend_schema(summary="Cancel a job; rows that were changed stay changed", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def cancel(self, request: Request, pk: str) -> Response:
        return self.row_response(services.cancel(job=self.locked_object()))

    @extend_schema(summary="Resume a job that failed or is unknown, for the rows it has left", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def resume(self, request: Request, pk: str) -> Response:
        return self.row_response(services.resume(job=self.locked_object()))

    @extend_schema(
        summary="The rows that failed or were skipped, as a CSV file; with their names for those who may export",
        responses={(200, "text/csv"): OpenApiTypes.STR},
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def report(self, request: Request, pk: str) -> HttpResponseBase:
        job = self.get_object()
        if may_have_names(self.access):
            require_confirmed(self.access)
        return report(job, access=self.access)


class JobFailureViewSet(ResourceViewSet):
    """Rows that the jobs which the caller sees could not change (failed) or left alone (skipped), and why."""

    def narrow(self, rows: QuerySet[JobFailure]) -> QuerySet[JobFailure]:
        return visible_jobs(self.access, rows, path="job__")


JOBS: Final = router.register(
    Job,
    area="jobs",
    methods=router.READ,
    exclude=["attempts", "next_attempt_at", "lease_until", "crashes", "claimed_at"],
    filters=["kind", "state", "created_by_user", "created_at"],
    viewset=JobViewSet,
)

router.register(
    JobFailure,
    area="jobs",
    methods=router.READ,
    filters=["job", "verdict"],
    viewset=JobFailureViewSet,
)


class BulkSerializer(InputSerializer):
    """The rows to change: either their ``ids``, or a ``filter`` with the parameters of the resource's list.

    An empty filter selects all rows.
    """

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_IDS, required=False)
    filter = serializers.DictField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("Send either ids or a filter.")
        return attrs


def start_job(
    view: ResourceViewSet,
    kind: JobKind,
    form: Mapping[str, Any],
    parameters: Values,
    *,
    among: QuerySet[Any] | None = None,
) -> Response:
    """Start a job for the rows that a ``BulkSerializer`` has selected. Answer 202 with the job and its address.

    They are selected among the rows that the caller sees, or among those given.
    """
    require_tenant(view.model)
    rows = selected_rows(view, form, among=among)
    return job_response(view, services.start(kind=kind, rows=rows, parameters=parameters, access=view.access))


def selected_rows(
    view: ResourceViewSet, form: Mapping[str, Any], *, among: QuerySet[Any] | None = None
) -> QuerySet[Any]:
    """Return the rows that a ``BulkSerializer`` has selected of a resource, among those that the caller sees.

    Raises Invalid with the paths of the wrong parameters of a filter.
    """
    rows = view.get_queryset() if among is None else view.narrow(among)
    selected: QuerySet[Any] = (
        rows.filter(pk__in=form["ids"]) if "ids" in form else _filtered(view, rows, form["filter"])
    )
    return selected


def job_response(view: ResourceViewSet, job: Job) -> Response:
    """Answer 202 with a job that was started, and its address."""
    shown = JOBS.serializer(job, context=view.get_serializer_context()).data
    return Response(shown, status=status.HTTP_202_ACCEPTED, headers={"Location": f"{JOBS.url}{job.pk}/"})


def _filtered(view: ResourceViewSet, rows: QuerySet[Any], wanted: Mapping[str, Any]) -> QuerySet[Any]:
    """Apply the filter as the resource's list would. Raises Invalid with the paths of the wrong parameters."""
    of_lists = sorted(set(wanted) & set(list_parameters(view)))
    if of_lists:
        raise Invalid(errors={f"filter.{name}": ["There is no such filter."] for name in of_lists})
    asked = HttpRequest()
    asked.GET = QueryDict(urlencode({name: _as_parameter(name, value) for name, value in wanted.items()}))
    try:
        return FilterBackend().filter_queryset(Request(asked), rows, view)
    except Invalid as error:
        raise Invalid(errors={f"filter.{name}": texts for name, texts in error.errors.items()}) from error


def _as_parameter(name: str, value: object) -> str:
    """Return a value as it would stand in a query string."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case list() if all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in value):
            return ",".join(map(str, value))
    raise Invalid(errors={f"filter.{name}": ["Enter a text, a number, true, false, or a list of texts or numbers."]})

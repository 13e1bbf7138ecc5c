"""Reveals in the API, and the address at which directories deliver phone numbers."""

from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import make_serializer
from lad.api.throttling import seconds_to_wait
from lad.api.views import LadAPIView, ResourceViewSet, require_tenant
from lad.errors import Invalid, Throttled
from lad.tenancy.access import actor_of
from lad.tenancy.clients import client_address
from leads.companies.apollo.phones import read_delivery
from leads.companies.features import FEATURE
from leads.companies.reveals import recording, selectors, services
from leads.companies.reveals.models import Reveal, RevealRequest
from leads.companies.reveals.serializers import (
    CancelledResponse,
    EstimateResponse,
    ResultsResponse,
    WantedSerializer,
)
from leads.companies.reveals.tokens import DeliveryUnknown, read_token

AREA: Final = "companies"
REVEAL: Final = f"{AREA}.reveal"
THROTTLE: Final = "link"
NOT_SHOWN: Final = ("attempts", "lease_until", "next_attempt_at", "request_id", "sent_at", "tries")


class RevealViewSet(ResourceViewSet):
    """What was asked for of each person."""

    rights = {"estimate": REVEAL, "ask_again": REVEAL, "give_up": REVEAL}

    @extend_schema(
        summary="Say what revealing these people costs at most; nothing is asked for",
        request=WantedSerializer,
        responses={200: EstimateResponse, **problems(422)},
    )
    @action(detail=False, methods=["post"])
    def estimate(self, request: Request) -> Response:
        require_tenant(self.model)
        form = WantedSerializer.read(request.data)
        return Response(EstimateResponse(services.estimate(form["people"], form["kinds"])).data)

    @extend_schema(
        summary="Ask once more for what failed, or whose answer was lost",
        request=None,
        responses={200: make_serializer(Reveal, exclude=NOT_SHOWN), **problems(409)},
    )
    @action(detail=True, methods=["post"], url_path="ask-again")
    @writes.in_transaction
    def ask_again(self, request: Request, pk: UUID) -> Response:
        return self._answer(services.ask_again(reveal=self.get_object()))

    @extend_schema(
        summary="End a reveal whose answer was lost, and release its credits",
        request=None,
        responses={200: make_serializer(Reveal, exclude=NOT_SHOWN), **problems(409)},
    )
    @action(detail=True, methods=["post"], url_path="give-up")
    @writes.in_transaction
    def give_up(self, request: Request, pk: UUID) -> Response:
        return self._answer(services.give_up(reveal=self.get_object()))

    def _answer(self, row: Reveal) -> Response:
        return Response(self.get_serializer(row).data)


REVEALS: Final = router.register(
    Reveal,
    area=AREA,
    feature=FEATURE,
    filters=["person_id", "kind", "state", "created_at", "finished_at"],
    order=["-created_at"],
    exclude=NOT_SHOWN,
    methods=router.READ,
    viewset=RevealViewSet,
)


class RevealRequestViewSet(ResourceViewSet):
    """Requests to reveal people. Workers carry them out; ``results`` says how far they have come."""

    rights = {"results": f"{AREA}.view", "cancel": REVEAL}

    @extend_schema(
        summary="See how far a request has come, and its results",
        responses={200: ResultsResponse},
    )
    @action(detail=True, methods=["get"])
    def results(self, request: Request, pk: UUID) -> Response:
        rows = selectors.results_of(self.get_object())
        return Response(ResultsResponse({"progress": selectors.progress_of(rows), "results": rows}).data)

    @extend_schema(
        summary="Do not ask for what is not under way yet",
        request=None,
        responses={200: CancelledResponse},
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def cancel(self, request: Request, pk: UUID) -> Response:
        return Response(CancelledResponse({"cancelled": services.cancel(request=self.get_object())}).data)


REQUESTS: Final = router.register(
    RevealRequest,
    area=AREA,
    feature=FEATURE,
    filters=["created_by_user", "created_at"],
    order=["-created_at"],
    methods=router.READ,
    viewset=RevealRequestViewSet,
)


class RevealPeopleView(LadAPIView):
    """Reveal people."""

    area = AREA
    feature = FEATURE
    rights: ClassVar[dict[str, str]] = {"post": REVEAL}

    @extend_schema(
        summary="Reveal e-mail addresses or phone numbers of people, as a job",
        description="Nobody is asked for twice in a tenant. What is known already is free, and so is what the "
        "directory does not have. Phone numbers may take hours.",
        request=WantedSerializer,
        responses={202: REQUESTS.serializer, **problems(400, 402, 409, 422)},
    )
    @writes.in_transaction
    def post(self, request: Request) -> Response:
        require_tenant(RevealRequest)
        form = WantedSerializer.read(request.data)
        row = services.request(form["people"], form["kinds"], actor=actor_of(request))
        return Response(REQUESTS.serializer(row).data, status=status.HTTP_202_ACCEPTED)


class DeliveryView(LadAPIView):
    """Takes the phone numbers that a directory delivers. The address is the permission."""

    public = True
    needs_tenant = False
    self_scoped_actions = frozenset({"post"})

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        try:
            tenant_id, _account_id = read_token(token)
        except DeliveryUnknown:
            if wait := seconds_to_wait(THROTTLE, f"address:{client_address(request._request)}"):
                raise Throttled(retry_after=wait) from None
            raise
        payload: Any = request.data
        delivery = read_delivery(payload) if isinstance(payload, dict) else None
        if delivery is None:
            raise Invalid("This is no delivery of phone numbers.")
        recording.deliver(tenant_id, delivery)
        return Response(status=status.HTTP_204_NO_CONTENT)


router.route("reveal-people/", RevealPeopleView.as_view(), name="reveal-people")
router.route("directory-webhooks/<str:token>/", DeliveryView.as_view(), name="directory-webhooks")

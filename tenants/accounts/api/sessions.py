"""API endpoints of sessions: one's own, and those of the members of one's tenant."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView
from lad.db.identifiers import uuid_or_none
from lad.errors import Invalid
from lad.tenancy.access import actor_of
from tenants.accounts.api import serializers
from tenants.accounts.api.auth import AuthView
from tenants.accounts.clients import sign_in_client
from tenants.accounts.models import UserSession
from tenants.accounts.services import sessions, user_sessions


class OwnSessions(AuthView):
    personal = True
    allows_closed_tenant = True

    @extend_schema(
        summary="List my sessions of the API and the admin, the last used first",
        responses={200: serializers.UserSessionResponse(many=True)},
    )
    def get(self, request: Request) -> Response:
        return _shown(user_sessions.own_sessions(self.access.user, now=timezone.now()), self.access.details)


class OwnSession(AuthView):
    personal = True
    allows_closed_tenant = True

    @extend_schema(summary="End one of my sessions", responses={204: None, **problems(404)})
    def delete(self, request: Request, session_id: UUID) -> Response:
        user_sessions.end_own(user=self.access.user, session_id=session_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConfirmSession(AuthView):
    personal = True
    allows_closed_tenant = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Confirm that it is me, by password or by code, before the transfer of the ownership or an export",
        request=serializers.ConfirmSerializer,
        responses={200: serializers.ConfirmedResponse, **problems(409)},
    )
    def post(self, request: Request) -> Response:
        data = serializers.ConfirmSerializer.read(request.data)
        until = sessions.confirm(
            user=self.access.user,
            session_id=self.access.details.get("session_id"),
            password=data["password"],
            code=data["code"],
            client=sign_in_client(request),
        )
        return Response(serializers.ConfirmedResponse({"confirmed_until": until}).data)


class MembersSessions(LadAPIView):
    area = "sessions"

    @extend_schema(
        summary="List the sessions in which a member works in this tenant, the last used first",
        parameters=[OpenApiParameter("user", OpenApiTypes.UUID, required=True)],
        responses={200: serializers.UserSessionResponse(many=True)},
    )
    def get(self, request: Request) -> Response:
        user_id = uuid_or_none(request.query_params.get("user", ""))
        if user_id is None:
            raise Invalid(errors={"user": ["Send the id of a member."]})
        sessions = UserSession.objects.filter(tenant=self.access.tenant_id, user=user_id).live(timezone.now())
        return _shown(sessions.order_by("-last_used_at"), self.access.details)


class MembersSession(LadAPIView):
    area = "sessions"
    rights: ClassVar[dict[str, str]] = {"delete": "sessions.delete"}

    @extend_schema(summary="End a member's session in this tenant", responses={204: None, **problems(404)})
    def delete(self, request: Request, session_id: UUID) -> Response:
        user_sessions.end_of_member(
            session_id=session_id,
            tenant_id=self.access.tenant_id,
            actor=actor_of(request._request),
            now=timezone.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


def _shown(sessions: Any, details: dict[str, Any]) -> Response:
    context = {"session_id": details.get("session_id")}
    return Response(serializers.UserSessionResponse(sessions, many=True, context=context).data)


router.route("me/sessions/", OwnSessions.as_view(), name="own-sessions")
router.route("me/sessions/<uuid:session_id>/", OwnSession.as_view(), name="own-session")
router.route("me/confirm/", ConfirmSession.as_view(), name="confirm-session")
router.route("sessions/", MembersSessions.as_view(), name="members-sessions")
router.route("sessions/<uuid:session_id>/", MembersSession.as_view(), name="members-session")

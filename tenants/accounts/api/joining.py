"""API endpoints to look up and accept an invitation with the secret of its link."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.errors import Invalid
from tenants.accounts.api import cookies, serializers
from tenants.accounts.api.auth import OPTIONAL_AUTHENTICATION, AuthView, session_data
from tenants.accounts.clients import remember_device, sign_in_client
from tenants.accounts.services import joining


class LookUpInvitation(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Show the invitation behind a link",
        parameters=[OpenApiParameter("token", OpenApiTypes.STR, required=True)],
        responses={200: serializers.InvitationPreviewResponse, **problems(404)},
    )
    def get(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        if not token:
            raise Invalid(errors={"token": ["Send the token from the invitation link."]})
        return Response(serializers.InvitationPreviewResponse(joining.look_up(token=token)).data)


class AcceptInvitation(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Accept an invitation with your account or a new one",
        request=serializers.AcceptInvitationSerializer,
        responses={200: serializers.AcceptedInvitationResponse, **problems(401, 403, 404, 410)},
        auth=OPTIONAL_AUTHENTICATION,
    )
    def post(self, request: Request) -> Response:
        data = serializers.AcceptInvitationSerializer.read(request.data)
        if self.access.error is not None and self.access.user is None:
            raise self.access.error
        accepted = joining.accept(
            token=data["token"],
            user=self.access.user,
            new_user=_new_user(data),
            user_agent=self.user_agent,
        )
        session = accepted.signed_in and session_data(accepted.signed_in, cookie=data["cookie"])
        membership = serializers.AcceptedMembershipResponse(accepted.membership).data
        response = Response({"membership": membership, "session": session})
        if accepted.signed_in:
            remember_device(response, sign_in_client(request), accepted.signed_in.user.email)
            if data["cookie"]:
                cookies.set_cookie(response, accepted.signed_in.refresh_token)
        return response


def _new_user(data: dict[str, Any]) -> joining.NewUser | None:
    if not data["password"] and not data["first_name"]:
        return None
    return joining.NewUser(data["password"], data["first_name"], data["last_name"])


router.route("invitations/lookup/", LookUpInvitation.as_view(), name="invitation-lookup")


router.route("invitations/accept/", AcceptInvitation.as_view(), name="invitation-accept")

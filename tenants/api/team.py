"""Memberships and invitations: what they can do beyond being rows, and the side of those who are invited."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet
from lad.errors import Invalid
from tenants.api import cookies, forms
from tenants.api.auth import SIGNED_IN_OR_NOT, AuthView, session_answer
from tenants.models import TenantInvitation
from tenants.services import invitations, memberships

_Invitation = make_serializer(TenantInvitation, exclude=["metadata"])


class InvitationSerializer(_Invitation):  # type: ignore[misc, valid-type]
    """One invitation, with what has become of it."""

    status = serializers.SerializerMethodField()

    class Meta(_Invitation.Meta):  # type: ignore[name-defined]
        fields = [*_Invitation.Meta.fields, "status"]

    @extend_schema_field(serializers.ChoiceField(choices=["pending", "accepted", "revoked", "expired"]))
    def get_status(self, row: TenantInvitation) -> str:
        return row.status(timezone.now())


class InvitationViewSet(ResourceViewSet):
    rights = {"resend": "invitations.update", "revoke": "invitations.update"}

    @extend_schema(summary="Send an invitation again; its old link is dead from then on", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def resend(self, request: Request, pk: Any) -> Response:
        return self.answer(invitations.resend(invitation=self.get_object(), actor=request.user))

    @extend_schema(summary="Withdraw an invitation", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def revoke(self, request: Request, pk: Any) -> Response:
        return self.answer(invitations.revoke(invitation=self.get_object(), actor=request.user))


class MembershipViewSet(ResourceViewSet):
    rights = {"transfer_ownership": "team.transfer"}

    @extend_schema(summary="Make this member the owner, and the present owner an admin", request=None)
    @action(detail=True, methods=["post"], url_path="transfer-ownership")
    @transaction.atomic
    def transfer_ownership(self, request: Request, pk: Any) -> Response:
        return self.answer(memberships.transfer_ownership(membership=self.get_object(), actor=request.user))


class LookUpInvitation(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="What an invitation's link is about",
        parameters=[OpenApiParameter("token", OpenApiTypes.STR, required=True)],
        responses={200: forms.InvitationPreviewAnswer, **problems(404)},
    )
    def get(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        if not token:
            raise Invalid(errors={"token": ["Send the token of the link."]})
        return Response(forms.InvitationPreviewAnswer(invitations.look_up(token=token)).data)


class AcceptInvitation(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Accept an invitation, as oneself or with a new account",
        request=forms.AcceptForm,
        responses={200: forms.AcceptedAnswer, **problems(401, 403, 404, 410)},
        auth=SIGNED_IN_OR_NOT,
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.AcceptForm)
        if self.access.error is not None and self.access.user is None:
            raise self.access.error
        accepted = invitations.accept(
            token=form["token"],
            user=self.access.user,
            new_person=_new_person(form),
            user_agent=self.user_agent,
        )
        session = accepted.signed_in and session_answer(accepted.signed_in, cookie=form["cookie"])
        membership = forms.AcceptedMembershipAnswer(accepted.membership).data
        response = Response({"membership": membership, "session": session})
        if accepted.signed_in and form["cookie"]:
            cookies.keep(response, accepted.signed_in.refresh_token)
        return response


def _new_person(form: dict[str, Any]) -> invitations.NewPerson | None:
    if not form["password"] and not form["first_name"]:
        return None
    return invitations.NewPerson(form["password"], form["first_name"], form["last_name"])


router.route("invitations/lookup/", LookUpInvitation.as_view(), name="invitation-lookup")
router.route("invitations/accept/", AcceptInvitation.as_view(), name="invitation-accept")

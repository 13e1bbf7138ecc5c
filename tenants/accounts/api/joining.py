"""Memberships and invitations: what they can do beyond being rows, and the side of those who are invited."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.errors import Invalid
from tenants.accounts.api import cookies
from tenants.accounts.api import serializers as forms
from tenants.accounts.api.auth import SIGNED_IN_OR_NOT, AuthView, session_answer
from tenants.accounts.services import joining


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
        return Response(forms.InvitationPreviewAnswer(joining.look_up(token=token)).data)


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
        accepted = joining.accept(
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


def _new_person(form: dict[str, Any]) -> joining.NewPerson | None:
    if not form["password"] and not form["first_name"]:
        return None
    return joining.NewPerson(form["password"], form["first_name"], form["last_name"])


router.route("invitations/lookup/", LookUpInvitation.as_view(), name="invitation-lookup")


router.route("invitations/accept/", AcceptInvitation.as_view(), name="invitation-accept")

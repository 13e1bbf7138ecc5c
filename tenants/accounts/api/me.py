"""The caller themselves: who they are, where they work, and what is open to them there."""

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.views import LadAPIView
from tenants.accounts import selectors
from tenants.accounts.api import serializers as forms
from tenants.accounts.api.auth import AuthView, session_response
from tenants.accounts.caller import SESSION_TENANT
from tenants.accounts.services import sessions
from tenants.accounts.services import sign_up as accounts
from tenants.teams.services import memberships


class MeView(AuthView):
    """Reached from a closed tenant and without a membership too."""

    personal = True
    open_to_closed = True

    @extend_schema(summary="Who I am, where I work and what I may do there", responses={200: forms.MeAnswer})
    def get(self, request: Request) -> Response:
        return Response(forms.MeAnswer(selectors.me(self.access, now=timezone.now())).data)

    @extend_schema(
        summary="Change my name, phone or picture", request=forms.ProfileForm, responses={200: forms.PersonAnswer}
    )
    def patch(self, request: Request) -> Response:
        user = accounts.update_profile(user=self.access.user, changes=self.form(forms.ProfileForm))
        return Response(forms.PersonAnswer(user).data)


class SwitchTenant(AuthView):
    personal = True
    open_to_closed = True
    throttle_scope = "token"

    @extend_schema(
        summary="Work in another of my tenants",
        request=forms.SwitchTenantForm,
        responses={200: forms.SwitchAnswer},
    )
    def post(self, request: Request) -> Response:
        tenant_id = self.form(forms.SwitchTenantForm)["tenant"]
        access_token = sessions.switch_tenant(
            user=self.access.user, tenant_id=tenant_id, session_id=self.access.details.get("session_id")
        )
        if "Authorization" not in request.headers:
            request.session[SESSION_TENANT] = str(tenant_id)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
            "tenant_id": tenant_id,
        }
        return Response(forms.SwitchAnswer(answer).data)


class FoundTenant(AuthView):
    personal = True
    open_to_closed = True
    throttle_scope = "sign-up"

    @extend_schema(
        summary="Open another tenant on trial and work in it as its owner",
        request=forms.FoundTenantForm,
        responses={201: forms.SessionAnswer},
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.FoundTenantForm)
        signed_in = accounts.found_tenant(
            user=self.access.user, tenant_name=form["tenant_name"], user_agent=self.user_agent
        )
        return session_response(signed_in, cookie=form["cookie"], status_code=status.HTTP_201_CREATED)


class LeaveTenant(AuthView):
    personal = True
    open_to_closed = True

    @extend_schema(summary="Leave one of my tenants", request=forms.SwitchTenantForm, responses={204: None})
    def post(self, request: Request) -> Response:
        memberships.leave(user=self.access.user, tenant_id=self.form(forms.SwitchTenantForm)["tenant"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class Features(LadAPIView):
    area = "features"

    @extend_schema(summary="Which features are open to me, and why", responses={200: forms.FeaturesAnswer})
    def get(self, request: Request) -> Response:
        return Response(forms.FeaturesAnswer({"features": selectors.decisions(self.access)}).data)


router.route("me/", MeView.as_view(), name="me")
router.route("me/switch-tenant/", SwitchTenant.as_view(), name="switch-tenant")
router.route("me/found-tenant/", FoundTenant.as_view(), name="found-tenant")
router.route("me/leave-tenant/", LeaveTenant.as_view(), name="leave-tenant")
router.route("features/", Features.as_view(), name="features")

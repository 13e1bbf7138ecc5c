"""API endpoints about the caller: profile, tenants, features."""

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.views import LadAPIView
from tenants.accounts import selectors
from tenants.accounts.api import serializers
from tenants.accounts.api.auth import AuthView, session_response
from tenants.accounts.authentication import SESSION_TENANT_KEY
from tenants.accounts.services import sessions, sign_up
from tenants.teams.services import memberships


class MeView(AuthView):
    """The caller's profile. Also open to members of a closed tenant and to users without a membership."""

    personal = True
    allows_closed_tenant = True

    @extend_schema(summary="Show me, my current tenant and my rights there", responses={200: serializers.MeResponse})
    def get(self, request: Request) -> Response:
        return Response(serializers.MeResponse(selectors.me(self.access, now=timezone.now())).data)

    @extend_schema(
        summary="Change my name, phone, picture, time zone or booking link",
        request=serializers.ProfileSerializer,
        responses={200: serializers.PersonResponse},
    )
    def patch(self, request: Request) -> Response:
        changes = serializers.ProfileSerializer.read(request.data)
        user = sign_up.update_profile(user=self.access.user, changes=changes, tenant_id=self.access.tenant_id)
        return Response(serializers.PersonResponse(user).data)


class SwitchTenant(AuthView):
    personal = True
    allows_closed_tenant = True
    throttle_scope = "token"

    @extend_schema(
        summary="Switch to another of my tenants",
        request=serializers.SwitchTenantSerializer,
        responses={200: serializers.SwitchTenantResponse},
    )
    def post(self, request: Request) -> Response:
        tenant_id = serializers.SwitchTenantSerializer.read(request.data)["tenant"]
        access_token = sessions.switch_tenant(
            user=self.access.user, tenant_id=tenant_id, session_id=self.access.details.get("session_id")
        )
        if "Authorization" not in request.headers:
            request.session[SESSION_TENANT_KEY] = str(tenant_id)
        data = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
            "tenant_id": tenant_id,
        }
        return Response(serializers.SwitchTenantResponse(data).data)


class FoundTenant(AuthView):
    personal = True
    allows_closed_tenant = True
    throttle_scope = "sign-up"

    @extend_schema(
        summary="Create another tenant on trial and switch to it as its owner",
        request=serializers.FoundTenantSerializer,
        responses={201: serializers.SessionResponse},
    )
    def post(self, request: Request) -> Response:
        data = serializers.FoundTenantSerializer.read(request.data)
        signed_in = sign_up.open_tenant(
            user=self.access.user, tenant_name=data["tenant_name"], user_agent=self.user_agent
        )
        return session_response(signed_in, cookie=data["cookie"], status_code=status.HTTP_201_CREATED)


class LeaveTenant(AuthView):
    personal = True
    allows_closed_tenant = True

    @extend_schema(summary="Leave one of my tenants", request=serializers.SwitchTenantSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        memberships.leave(
            user=self.access.user, tenant_id=serializers.SwitchTenantSerializer.read(request.data)["tenant"]
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class Features(LadAPIView):
    area = "features"

    @extend_schema(summary="List which features are open to me, and why", responses={200: serializers.FeaturesResponse})
    def get(self, request: Request) -> Response:
        return Response(serializers.FeaturesResponse({"features": selectors.feature_states(self.access)}).data)


router.route("me/", MeView.as_view(), name="me")
router.route("me/switch-tenant/", SwitchTenant.as_view(), name="switch-tenant")
router.route("me/found-tenant/", FoundTenant.as_view(), name="found-tenant")
router.route("me/leave-tenant/", LeaveTenant.as_view(), name="leave-tenant")
router.route("features/", Features.as_view(), name="features")

"""Request and response bodies of the account endpoints."""

from typing import Any, Final

from rest_framework import serializers

from lad.api.serializers import EmailTextField, InputSerializer
from tenants.access.roles import Role
from tenants.accounts.models import SessionKind, UserSession
from tenants.accounts.services.passwords import MAX_PASSWORD_LENGTH
from tenants.teams.models import PlanTier, TenantStatus

MAX_TOKEN_LENGTH: Final = 8192
TENANT_ROLE: Final = "The key of the tenant's own role that replaces the rights of the role, or empty."


def password_field(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False, style={"input_type": "password"}, **kwargs
    )


def secret_field(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(max_length=MAX_TOKEN_LENGTH, **kwargs)


class SessionCookieSerializer(InputSerializer):
    """``cookie`` puts the refresh token into an HttpOnly cookie instead of the response, for browsers."""

    cookie = serializers.BooleanField(default=False)


class SignUpSerializer(SessionCookieSerializer):
    email = EmailTextField(max_length=255)
    password = password_field()
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100, default="", allow_blank=True)
    tenant_name = serializers.CharField(max_length=200, default="", allow_blank=True)


class SignInSerializer(SessionCookieSerializer):
    """``code`` is needed of users with a second factor: that of their app, or a recovery code."""

    email = serializers.CharField(max_length=255)
    password = password_field()
    code = serializers.CharField(max_length=50, default="", allow_blank=True)


class ConfirmSerializer(InputSerializer):
    """The ``code`` of users with a second factor, the ``password`` of all others."""

    password = password_field(default="", allow_blank=True)
    code = serializers.CharField(max_length=50, default="", allow_blank=True)


class RefreshSerializer(SessionCookieSerializer):
    """Without ``refresh_token``, the cookie's is used."""

    refresh_token = secret_field(default="", allow_blank=True)


class SignOutSerializer(InputSerializer):
    """Ends the session of the refresh or access token; ``everywhere`` ends all sessions of the user."""

    refresh_token = secret_field(default="", allow_blank=True)
    everywhere = serializers.BooleanField(default=False)


class ChangePasswordSerializer(InputSerializer):
    current_password = password_field()
    new_password = password_field()


class RequestResetSerializer(InputSerializer):
    email = serializers.CharField(max_length=255)


class ResetPasswordSerializer(InputSerializer):
    token = secret_field()
    password = password_field()


class VerifyEmailSerializer(InputSerializer):
    token = secret_field()


class ExternalSignInSerializer(SessionCookieSerializer):
    """``token`` is the provider's. A new user names their tenant or sends an invitation's token."""

    token = secret_field()
    tenant_name = serializers.CharField(max_length=200, default="", allow_blank=True)
    invitation_token = secret_field(default="", allow_blank=True)


class LinkIdentitySerializer(InputSerializer):
    token = secret_field()


class SwitchTenantSerializer(InputSerializer):
    tenant = serializers.UUIDField()


class FoundTenantSerializer(SessionCookieSerializer):
    tenant_name = serializers.CharField(max_length=200)


class ProfileSerializer(InputSerializer):
    first_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=50, required=False, allow_blank=True)
    avatar_url = serializers.URLField(max_length=2000, required=False, allow_blank=True)
    timezone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    booking_url = serializers.CharField(max_length=500, required=False, allow_blank=True)


class AcceptInvitationSerializer(SessionCookieSerializer):
    """Signed-in users send ``token`` only; others add a name and a password for their new account."""

    token = secret_field()
    password = password_field(default="", allow_blank=True)
    first_name = serializers.CharField(max_length=100, default="", allow_blank=True)
    last_name = serializers.CharField(max_length=100, default="", allow_blank=True)


class PersonResponse(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    phone = serializers.CharField()
    avatar_url = serializers.CharField()
    timezone = serializers.CharField()
    booking_url = serializers.CharField()
    email_verified = serializers.BooleanField()
    is_staff = serializers.BooleanField()


class TenantResponse(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    status = serializers.ChoiceField(choices=TenantStatus.choices)
    plan_tier = serializers.ChoiceField(choices=PlanTier.choices)
    trial_ends_at = serializers.DateTimeField(allow_null=True)


class SessionResponse(serializers.Serializer):
    """The tokens of a session. ``refresh_token`` works once and is null if the cookie holds it."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")
    refresh_token = serializers.CharField(allow_null=True)
    user = PersonResponse()
    tenant_id = serializers.UUIDField(allow_null=True)


class UserSessionResponse(serializers.Serializer):
    """A session that can still be used. ``current`` marks the one that asks."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=SessionKind.choices)
    device = serializers.CharField(help_text="What signed in, such as Firefox on Linux. Empty if unknown.")
    address = serializers.CharField(help_text="The network address it was last used from. Empty if unknown.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.SerializerMethodField()

    def get_current(self, session: UserSession) -> bool:
        return bool(session.pk == self.context.get("session_id"))


class ConfirmedResponse(serializers.Serializer):
    """Until when the confirmation counts. Then ``step_up_required`` is answered again."""

    confirmed_until = serializers.DateTimeField()


class SwitchTenantResponse(serializers.Serializer):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    tenant_id = serializers.UUIDField()


class ClosedReasonResponse(serializers.Serializer):
    """Why the tenant is closed to the caller."""

    code = serializers.CharField()
    detail = serializers.CharField()


class OwnMembershipResponse(serializers.Serializer):
    id = serializers.UUIDField()
    tenant = TenantResponse()
    role = serializers.ChoiceField(choices=Role.choices)
    tenant_role = serializers.CharField(help_text=TENANT_ROLE)
    is_primary = serializers.BooleanField()
    closed = ClosedReasonResponse(allow_null=True)


class FeatureResponse(serializers.Serializer):
    """Whether a feature is open to the caller, which setting decided it, and why."""

    key = serializers.CharField()
    open = serializers.BooleanField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # the base class has an attribute of this name
        choices=["kill_switch", "user_flag", "tenant_flag", "tenant_feature", "plan", "default"]
    )
    reason = serializers.CharField()
    config = serializers.DictField()


class MeResponse(serializers.Serializer):
    """The caller, their current tenant and rights there, and all their memberships."""

    user = PersonResponse()
    tenant = TenantResponse(allow_null=True)
    role = serializers.CharField(help_text="Empty without a membership.")
    tenant_role = serializers.CharField(help_text=TENANT_ROLE)
    rights = serializers.ListField(child=serializers.CharField())
    features = FeatureResponse(many=True)
    closed = ClosedReasonResponse(allow_null=True)
    memberships = OwnMembershipResponse(many=True)


class FeaturesResponse(serializers.Serializer):
    features = FeatureResponse(many=True)


class IdentityResponse(serializers.Serializer):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    provider_user_id = serializers.CharField()
    created_at = serializers.DateTimeField()


class InvitationPreviewResponse(serializers.Serializer):
    tenant_name = serializers.CharField()
    inviter = serializers.CharField()
    email = serializers.EmailField()
    status = serializers.ChoiceField(choices=["pending", "accepted", "expired"])


class AcceptedMembershipResponse(serializers.Serializer):
    id = serializers.UUIDField()
    tenant_id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Role.choices)


class AcceptedInvitationResponse(serializers.Serializer):
    """``session`` is set if accepting created the account."""

    membership = AcceptedMembershipResponse()
    session = SessionResponse(allow_null=True)

"""What the hand-written endpoints take and answer."""

from typing import Any, Final

from rest_framework import serializers

from lad.api.serializers import InputSerializer
from tenants.accounts.services.passwords import LONGEST_PASSWORD
from tenants.teams.models import PlanTier, Role, TenantStatus

# Longer than any token we make or accept.
LONGEST_TOKEN: Final = 8192


def password_field(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, style={"input_type": "password"}, **kwargs
    )


def secret_field(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(max_length=LONGEST_TOKEN, **kwargs)


class CookieForm(InputSerializer):
    """``cookie``: keep the refresh token in an HttpOnly cookie instead of in the answer, for browsers."""

    cookie = serializers.BooleanField(default=False)


class SignUpForm(CookieForm):
    email = serializers.EmailField(max_length=255)
    password = password_field()
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100, default="", allow_blank=True)
    tenant_name = serializers.CharField(max_length=200, default="", allow_blank=True)


class SignInForm(CookieForm):
    email = serializers.CharField(max_length=255)
    password = password_field()


class RefreshForm(CookieForm):
    """Without ``refresh_token`` the one in the cookie is used."""

    refresh_token = secret_field(default="", allow_blank=True)


class SignOutForm(InputSerializer):
    """Ends the session of the refresh token or of the access token; ``everywhere`` ends all of the person's."""

    refresh_token = secret_field(default="", allow_blank=True)
    everywhere = serializers.BooleanField(default=False)


class ChangePasswordForm(InputSerializer):
    current_password = password_field()
    new_password = password_field()


class RequestResetForm(InputSerializer):
    email = serializers.CharField(max_length=255)


class ResetPasswordForm(InputSerializer):
    token = secret_field()
    password = password_field()


class VerifyEmailForm(InputSerializer):
    token = secret_field()


class ExternalSignInForm(CookieForm):
    """``token`` is the provider's; a new person names their tenant or comes with an invitation's secret."""

    token = secret_field()
    tenant_name = serializers.CharField(max_length=200, default="", allow_blank=True)
    invitation_token = secret_field(default="", allow_blank=True)


class LinkForm(InputSerializer):
    token = secret_field()


class SwitchTenantForm(InputSerializer):
    tenant = serializers.UUIDField()


class FoundTenantForm(CookieForm):
    tenant_name = serializers.CharField(max_length=200)


class ProfileForm(InputSerializer):
    first_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=50, required=False, allow_blank=True)
    avatar_url = serializers.URLField(max_length=2000, required=False, allow_blank=True)


class AcceptForm(CookieForm):
    """Signed in as the invited address only ``token`` is needed; otherwise a name and a password make the account."""

    token = secret_field()
    password = password_field(default="", allow_blank=True)
    first_name = serializers.CharField(max_length=100, default="", allow_blank=True)
    last_name = serializers.CharField(max_length=100, default="", allow_blank=True)


class PersonAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    phone = serializers.CharField()
    avatar_url = serializers.CharField()
    email_verified = serializers.BooleanField()
    is_staff = serializers.BooleanField()


class TenantAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    status = serializers.ChoiceField(choices=TenantStatus.choices)
    plan_tier = serializers.ChoiceField(choices=PlanTier.choices)
    trial_ends_at = serializers.DateTimeField(allow_null=True)


class SessionAnswer(serializers.Serializer):
    """A session's tokens. ``refresh_token`` is null when it is in the cookie; each is good for one use."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")
    refresh_token = serializers.CharField(allow_null=True)
    user = PersonAnswer()
    tenant_id = serializers.UUIDField(allow_null=True)


class SwitchAnswer(serializers.Serializer):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    tenant_id = serializers.UUIDField()


class ClosedAnswer(serializers.Serializer):
    """What shuts the caller out of the tenant."""

    code = serializers.CharField()
    detail = serializers.CharField()


class OwnMembershipAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    tenant = TenantAnswer()
    role = serializers.ChoiceField(choices=Role.choices)
    is_primary = serializers.BooleanField()
    closed = ClosedAnswer(allow_null=True)


class FeatureAnswer(serializers.Serializer):
    """Whether one feature is open to the caller, what decided it, and why."""

    key = serializers.CharField()
    open = serializers.BooleanField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # the framework's own ``source`` is no field
        choices=["kill_switch", "user_flag", "tenant_flag", "tenant_feature", "plan", "default"]
    )
    reason = serializers.CharField()
    config = serializers.DictField()


class MeAnswer(serializers.Serializer):
    """The caller, the tenant they work in with their rights there, and all their memberships."""

    user = PersonAnswer()
    tenant = TenantAnswer(allow_null=True)
    role = serializers.CharField(help_text="Empty without a membership.")
    rights = serializers.ListField(child=serializers.CharField())
    features = FeatureAnswer(many=True)
    closed = ClosedAnswer(allow_null=True)
    memberships = OwnMembershipAnswer(many=True)


class FeaturesAnswer(serializers.Serializer):
    features = FeatureAnswer(many=True)


class IdentityAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    provider_user_id = serializers.CharField()
    created_at = serializers.DateTimeField()


class InvitationPreviewAnswer(serializers.Serializer):
    tenant_name = serializers.CharField()
    inviter = serializers.CharField()
    email = serializers.EmailField()
    status = serializers.ChoiceField(choices=["pending", "accepted", "expired"])


class AcceptedMembershipAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    tenant_id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Role.choices)


class AcceptedAnswer(serializers.Serializer):
    """``session`` is there when the acceptance made the account."""

    membership = AcceptedMembershipAnswer()
    session = SessionAnswer(allow_null=True)

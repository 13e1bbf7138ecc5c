"""Admin pages of users, their external accounts and failed sign-ins."""

from django.db.models import Field, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import GlobalModelAdmin, ReadOnlyAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.db.fields import TenantUserKey
from lad.tenancy.access import access_of
from lad.tenancy.context import platform_context
from lad.types import Values
from tenants.accounts.models import SignInFailure, User, UserIdentity
from tenants.accounts.services import passwords, sign_in_limit, users
from tenants.teams.models import Membership


class MembershipsInline(ReadOnlyInline):
    model = Membership
    fk_name = "user"
    area = "team"
    fields = ["tenant", "role", "created_at"]
    verbose_name_plural = "memberships"


class IdentitiesInline(ReadOnlyInline):
    model = UserIdentity
    fk_name = "user"
    area = "identities"
    platform_only = True
    fields = ["provider", "provider_user_id", "created_at"]
    verbose_name_plural = "external accounts"


@register(User)
class UserAdmin(GlobalModelAdmin):
    area = "team"
    section, icon, rank = "People", "person", 10
    global_search = True
    list_display = ["email", "first_name", "last_name", "is_active", "is_staff", "email_verified", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "email_verified", "created_at"]
    search_fields = ["email__startswith", "first_name__istartswith", "last_name__istartswith", "phone__startswith"]
    add_fieldsets = [
        (
            None,
            {
                "fields": [
                    "email",
                    "first_name",
                    "last_name",
                    "phone",
                    "is_active",
                    "is_staff",
                    "is_superuser",
                    "email_verified",
                ]
            },
        )
    ]
    fieldsets = [
        (None, {"fields": ["email", "first_name", "last_name", "phone", "avatar_url", "primary_tenant"]}),
        ("Access", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (
            "Signing in",
            {"fields": ["email_verified", "phone_verified", "has_password", "last_login", "password_changed_at"]},
        ),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["has_password"]
    inlines = [MembershipsInline, IdentitiesInline]
    actions_detail = ["deactivate", "send_password_reset", "unlock"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        if access_of(request).tenant_id is None:
            return rows
        return rows.filter(pk__in=Membership.all_objects.values("user"))

    def autocomplete_queryset(self, request: HttpRequest, field: Field) -> QuerySet:
        """Offer members of the tenant if the field requires one, otherwise all users."""
        if isinstance(field, TenantUserKey) and field.member:
            return super().autocomplete_queryset(request, field)
        return User.objects.order_by("email")

    @display(description="Password set", boolean=True)
    def has_password(self, obj: User) -> bool:
        with platform_context():
            return bool(User.objects.filter(pk=obj.pk, password__isnull=False).exists())

    @row_action(
        "Deactivate",
        explanation="The user can no longer sign in, and all their sessions end.",
        permission="platform",
        when=lambda row: row.deleted_at is None and row.is_active,
        icon="person_off",
        danger=True,
    )
    def deactivate(self, request: HttpRequest, row: User, values: Values) -> str:
        users.deactivate(user=row, actor=access_of(request).user)
        return f"{row} was deactivated."

    @row_action(
        "Send password reset",
        explanation="The user gets a mail with a link to choose a new password.",
        permission="platform",
        when=lambda row: row.deleted_at is None and row.is_active,
        icon="lock_reset",
    )
    def send_password_reset(self, request: HttpRequest, row: User, values: Values) -> str:
        passwords.request_reset(email=row.email)
        return f"A reset link was sent to {row.email}."

    @row_action(
        "Unlock",
        explanation="Failed sign-ins are deleted, so that a locked user can sign in again at once.",
        permission="platform",
        when=lambda row: row.deleted_at is None and row.is_active,
        icon="lock_open",
    )
    def unlock(self, request: HttpRequest, row: User, values: Values) -> str:
        locked = sign_in_limit.unlock(email=row.email)
        return f"{row} can sign in again." if locked else f"{row} was not locked."


@register(UserIdentity)
class UserIdentityAdmin(ReadOnlyAdmin):
    area = "identities"
    platform_only = True
    section, icon, rank = "People", "fingerprint", 50
    list_display = ["provider", "user", "provider_user_id", "token_expires_at", "created_at"]
    search_fields = ["provider_user_id__startswith", "user__email__startswith"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        if access_of(request).tenant_id is None:
            return rows
        return rows.filter(user__in=Membership.all_objects.values("user"))


@register(SignInFailure)
class SignInFailureAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "lock_clock", 60
    list_display = ["email", "failures", "last_failed_at", "locked_until"]

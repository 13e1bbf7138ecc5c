"""Admin pages of users, their external accounts and limited attempts."""

from typing import Any

from django.db.models import Field, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import GlobalModelAdmin, ReadOnlyAdmin, register
from lad.admin.filters import DeletedFilter, filter_for
from lad.admin.inlines import ReadOnlyInline
from lad.db.fields import TenantUserKey
from lad.db.identifiers import uuid_or_none
from lad.tenancy.access import access_of
from lad.tenancy.context import platform_context
from lad.types import Values
from tenants.accounts.admin.forms import NEW_ACCOUNT_FIELDS, UserForm
from tenants.accounts.models import AttemptBudget, User, UserIdentity
from tenants.accounts.services import passwords, sign_in_limit, staff, users
from tenants.teams.models import Membership


class MembershipsInline(ReadOnlyInline):
    model = Membership
    fk_name = "user"
    area = "team"
    fields = ["tenant", "role", "tenant_role", "created_at"]
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
    search_fields = ["email", "first_name", "last_name", "phone"]
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
                    "platform_role",
                    "email_verified",
                ]
            },
        ),
        ("Signing in", {"fields": [*NEW_ACCOUNT_FIELDS]}),
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "email",
                    "first_name",
                    "last_name",
                    "phone",
                    "timezone",
                    "booking_url",
                    "avatar_url",
                    "primary_tenant",
                ]
            },
        ),
        ("Access", {"fields": ["is_active", "is_staff", "is_superuser", "platform_role"]}),
        (
            "Signing in",
            {"fields": ["email_verified", "phone_verified", "has_password", "last_login", "password_changed_at"]},
        ),
        ("Data", {"fields": ["metadata"]}),
    ]
    # A tenant does not learn what its members do elsewhere.
    own_list_display = ["email", "first_name", "last_name", "is_active"]
    own_fieldsets = [(None, {"fields": ["email", "first_name", "last_name", "phone", "avatar_url", "is_active"]})]
    readonly_fields = ["has_password"]
    inlines = [MembershipsInline, IdentitiesInline]
    form = UserForm
    actions_detail = ["deactivate", "send_invitation", "send_password_reset", "unlock"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        """Return the chosen tenant's current members, and to LAD's staff its former ones as well."""
        access = access_of(request)
        if not access.platform:
            return rows.filter(pk__in=Membership.objects.values("user"))
        return rows if access.tenant_id is None else rows.filter(pk__in=Membership.all_objects.values("user"))

    def _columns(self, request: HttpRequest) -> list[Any]:
        return super()._columns(request) if access_of(request).platform else list(self.own_list_display)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        if access_of(request).platform:
            return super().get_list_filter(request)
        return [filter_for(self.model, "is_active"), DeletedFilter]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if access_of(request).platform else self.own_fieldsets

    def _read_object(self, request: HttpRequest, object_id: str) -> Any:
        if access_of(request).platform:
            return super()._read_object(request, object_id)
        # Without the rows that only LAD's staff may read.
        row = self.get_queryset(request).filter(pk=uuid_or_none(object_id)).first()
        if row is not None:
            # It changes with every sign-in, also in other tenants.
            row.updated_at = None
        return row

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse a tenant's staff to filter by what the list does not show them."""
        own = ("is_active", DeletedFilter.parameter_name)
        if not access_of(request).platform and lookup.partition("__")[0] not in own:
            return False
        return super().lookup_allowed(lookup, value, request)

    def autocomplete_queryset(self, request: HttpRequest, field: Field) -> QuerySet:
        """Offer members of the tenant if the field requires one or its staff ask, otherwise all users."""
        if (isinstance(field, TenantUserKey) and field.member) or not access_of(request).platform:
            return super().autocomplete_queryset(request, field).order_by("email")
        return User.objects.order_by("email")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        entered = form.cleaned_data
        saved = staff.add(
            values=form.values(),
            password=entered["new_password"],
            invite=entered["send_invitation"],
            actor=access_of(request).user,
        )
        vars(obj).update(vars(saved))

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
        "Send invitation",
        explanation="The person gets a mail with a link to choose a password.",
        permission="platform",
        when=lambda row: row.deleted_at is None and row.is_active and not row.password,
        icon="forward_to_inbox",
    )
    def send_invitation(self, request: HttpRequest, row: User, values: Values) -> str:
        staff.send_invitation(user=row)
        return f"An invitation was sent to {row.email}."

    @row_action(
        "Send password reset",
        explanation="The user gets a mail with a link to choose a new password.",
        permission="platform",
        when=lambda row: row.deleted_at is None and row.is_active,
        icon="lock_reset",
    )
    def send_password_reset(self, request: HttpRequest, row: User, values: Values) -> str:
        passwords.request_reset(email=row.email, limited=False)
        return f"A reset link was sent to {row.email}."

    @row_action(
        "Unlock",
        explanation="Wrong passwords are forgotten, so that the user can try again at once.",
        permission="platform",
        when=lambda row: row.deleted_at is None and row.is_active,
        icon="lock_open",
    )
    def unlock(self, request: HttpRequest, row: User, values: Values) -> str:
        locked = sign_in_limit.unlock(email=row.email)
        return f"{row} can try again." if locked else f"There were no wrong passwords for {row}."


@register(UserIdentity)
class UserIdentityAdmin(ReadOnlyAdmin):
    area = "identities"
    platform_only = True
    section, icon, rank = "People", "fingerprint", 50
    list_display = ["provider", "user", "provider_user_id", "token_expires_at", "created_at"]
    search_fields = ["provider_user_id__startswith", "user__email"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        if access_of(request).tenant_id is None:
            return rows
        return rows.filter(user__in=Membership.all_objects.values("user"))


@register(AttemptBudget)
class AttemptBudgetAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "lock_clock", 60
    list_display = ["kind", "subject", "client", "attempts", "last_attempt_at", "whole_at"]
    list_filter = ["kind", "last_attempt_at"]
    search_fields = ["subject__startswith", "client__startswith"]

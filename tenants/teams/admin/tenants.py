"""The admin page of tenants, with their members and features."""

from typing import Any, Final

from django import forms
from django.db.models import Count, Field, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from lad import countries
from lad.admin.actions import row_action
from lad.admin.base import GlobalModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.inlines import LadInline, ReadOnlyInline
from lad.tenancy.access import access_of
from lad.types import Values
from tenants.features.models import TenantFeature
from tenants.features.selectors import evaluate_all
from tenants.teams.models import Membership, Tenant, TenantStatus
from tenants.teams.services import tenants

CONTACT: Final = ["email", "country", "phone", "website", "timezone"]


class MembersInline(ReadOnlyInline):
    model = Membership
    fk_name = "tenant"
    area = "team"
    fields = ["user", "role", "tenant_role", "created_at"]
    verbose_name_plural = "members"


class FeaturesInline(LadInline):
    model = TenantFeature
    fk_name = "tenant"
    area = "features"
    fields = ["feature_key", "enabled"]
    can_add = True


@register(Tenant)
class TenantAdmin(GlobalModelAdmin):
    area = "tenant"
    section, icon, rank = "Tenancy", "domain", 10
    global_search = True
    platform_writes = False
    list_display = ["name", "status", "plan_tier", "members", "trial_ends_at", "created_at"]
    list_filter = ["status", "plan_tier", "trial_ends_at", "created_at"]
    search_fields = ["name", "slug", "email", "phone__startswith"]
    add_fieldsets = [
        (None, {"fields": ["name", "slug", "plan_tier", "trial_ends_at"]}),
        ("Contact", {"fields": CONTACT}),
        ("Data", {"fields": ["metadata"]}),
    ]
    fieldsets = [
        (None, {"fields": ["name", "slug", "status", "plan_tier", "trial_ends_at"]}),
        ("Contact", {"fields": CONTACT}),
        ("Features in effect", {"fields": ["open_features"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    inlines = [MembersInline, FeaturesInline]
    actions_detail = ["suspend", "reactivate", "cancel"]
    # The status changes by actions that ask for a reason.
    readonly_fields = ["status", "open_features"]

    def has_add_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return self.has_platform_permission(request) and super().has_add_permission(request, obj)

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(pk=tenant_id) if tenant_id else rows

    def autocomplete_queryset(self, request: HttpRequest, field: Field) -> QuerySet:
        return super().autocomplete_queryset(request, field).order_by("name")

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        members = Membership.objects.filter(tenant=OuterRef("pk")).order_by().values("tenant").annotate(n=Count("pk"))
        return super().listed(request, rows).annotate(member_count=Coalesce(Subquery(members.values("n")), 0))

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        if obj is None or self.has_platform_permission(request):
            return readonly
        return [*readonly, *({"slug", "plan_tier", "trial_ends_at"} - {*readonly})]

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "country":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.ChoiceField(
            choices=[("", "Not known"), *countries.choices()],
            required=False,
            widget=UnfoldAdminSelectWidget,
            label="Country",
            help_text=db_field.help_text,
        )

    @display(description="Members")
    def members(self, obj: Tenant) -> SafeString:
        url = f"{reverse('admin:tenants_tenant_change', args=(obj.pk,))}#memberships"
        return format_html('<a href="{}">{}</a>', url, getattr(obj, "member_count"))  # noqa: B009  (an annotation)

    @display(description="Features")
    def open_features(self, obj: Tenant) -> str:
        if obj.pk is None or obj._state.adding:
            return "–"
        states = evaluate_all(tenant=obj)
        rows = format_html_join(
            "",
            '<tr><td>{}</td><td class="lad-strong">{}</td><td class="lad-hint">{}</td></tr>',
            ((key, "open" if state.open else "closed", state.reason) for key, state in states.items()),
        )
        return format_html('<div class="lad-table-wrap"><table class="lad-table">{}</table></div>', rows)

    @row_action(
        "Suspend",
        explanation="Its members lose access to the API and the admin at once. Its data is kept.",
        form=ReasonForm,
        permission="platform",
        when=lambda row: row.deleted_at is None and row.status in (TenantStatus.ACTIVE, TenantStatus.TRIAL),
        icon="pause_circle",
        danger=True,
    )
    def suspend(self, request: HttpRequest, row: Tenant, values: Values) -> str:
        tenants.suspend(tenant=row, reason=values["reason"], actor=access_of(request).user)
        return f"{row} was suspended."

    @row_action(
        "Activate",
        explanation="The tenant becomes active and its members have access again.",
        form=ReasonForm,
        permission="platform",
        when=lambda row: row.deleted_at is None and row.status != TenantStatus.ACTIVE,
        icon="play_circle",
    )
    def reactivate(self, request: HttpRequest, row: Tenant, values: Values) -> str:
        tenants.reactivate(tenant=row, reason=values["reason"], actor=access_of(request).user)
        return f"{row} is active now."

    @row_action(
        "Cancel the contract",
        explanation="Its members lose access. Its data is kept until the tenant is deleted.",
        form=ReasonForm,
        permission="platform",
        when=lambda row: row.deleted_at is None and row.status != TenantStatus.CANCELLED,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: Tenant, values: Values) -> str:
        tenants.cancel(tenant=row, reason=values["reason"], actor=access_of(request).user)
        return f"{row} was cancelled."

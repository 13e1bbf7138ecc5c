"""The admin page of memberships."""

from collections.abc import Mapping, Sequence
from typing import Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.widgets import apply_widgets
from lad.db.models import LadModel
from lad.tenancy.access import access_of
from lad.types import Values
from tenants.access.admin.rights_grid import grid_html
from tenants.access.roles import Role
from tenants.access.selectors import held_rights, memberships_with_rights
from tenants.accounts.models import User
from tenants.teams.models import Membership
from tenants.teams.services import memberships

HAND_OVER_TO: Final = "hand_over_to"


def handover_form(held: Mapping[str, int], choices: Sequence[tuple[str, str]]) -> type[forms.Form]:
    """Return a form that asks which member takes over the given numbers of rows."""
    numbers = ", ".join(f"{count:,} {name}" for name, count in held.items())
    field = forms.ChoiceField(
        label="Hand over to",
        choices=[("", "Nobody: everything stays as it is"), *sorted(choices, key=lambda pair: pair[1])],
        required=False,
        help_text=f"This member holds: {numbers}.",
    )
    return type("HandoverForm", (forms.Form,), {HAND_OVER_TO: field})


@register(Membership)
class MembershipAdmin(TenantModelAdmin):
    area = "team"
    section, icon, rank = "People", "badge", 20
    list_display = ["user", "role", "tenant_role", "invited_by", "created_at"]
    list_filter = ["role", "created_at"]
    search_fields = ["user__email", "user__first_name", "user__last_name"]
    fieldsets = [
        (None, {"fields": ["user", "role", "tenant_role", "invited_by"]}),
        ("Effective rights", {"fields": ["rights"]}),
    ]
    actions_detail = ["transfer_ownership"]
    readonly_fields = ["rights"]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "user" in readonly else [*readonly, "user"]

    def has_add_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        """Return whether the caller may add people without an invitation, which only LAD's staff may."""
        return self.has_platform_permission(request) and super().has_add_permission(request, obj)

    def has_restore_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return self.has_platform_permission(request) and super().has_restore_permission(request, obj)

    def has_transfer_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return self.allows(request, "transfer")

    def deletion_form(self, request: HttpRequest, row: LadModel) -> forms.Form | None:
        """Return the question who takes over what the member holds, if it is anything."""
        if not isinstance(row, Membership):
            return None
        with self.row_scope(request, row):
            held = memberships.held_by(row)
            people = Membership.objects.filter(tenant=row.tenant_id).exclude(pk=row.pk).select_related("user")
            choices = [(str(each.user_id), each.user.full_name or each.user.email) for each in people if held]
        return apply_widgets(handover_form(held, choices)(request.POST or None)) if choices else None

    def delete_model(self, request: HttpRequest, obj: LadModel) -> None:
        """Remove the member, after handing over what they hold if somebody was chosen."""
        assert isinstance(obj, Membership)
        form = self.deletion_form(request, obj)
        chosen = form.cleaned_data[HAND_OVER_TO] if form is not None and form.is_valid() else ""
        if chosen:
            with self.row_scope(request, obj):
                to = User.objects.get(pk=chosen)
                done = memberships.hand_over(membership=obj, to=to, access=access_of(request))
            for note in done.notes:
                messages.warning(request, note)
        super().delete_model(request, obj)

    @display(description="Rights")
    def rights(self, obj: Membership) -> SafeString:
        membership = memberships_with_rights().filter(pk=obj.pk).first()
        return grid_html(held_rights(membership)) if membership is not None else SafeString("–")

    @row_action(
        "Transfer ownership",
        step_up=True,
        explanation="This member becomes the owner, the current owner an admin. Only the new owner can undo this.",
        permission="transfer",
        when=lambda row: row.deleted_at is None and row.role != Role.OWNER,
        icon="key",
    )
    def transfer_ownership(self, request: HttpRequest, row: Membership, values: Values) -> str:
        memberships.transfer_ownership(membership=row, actor=access_of(request).user)
        return f"{row.user.full_name} is now the owner."

"""The pages of second factors and recovery codes for LAD's staff."""

from django.http import HttpRequest

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.types import Values
from tenants.two_factor import services
from tenants.two_factor.models import RecoveryCode, SecondFactor


@register(SecondFactor)
class SecondFactorAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "phonelink_lock", 55
    list_display = ["user", "kind", "name", "confirmed_at", "last_used_at"]
    list_filter = ["kind"]
    search_fields = ["user__email"]
    actions_detail = ["remove"]

    @row_action(
        "Remove",
        explanation="For somebody who has lost it and all recovery codes. Make sure that it is them who asks.",
        permission="platform",
        icon="phonelink_erase",
        danger=True,
        step_up=True,
    )
    def remove(self, request: HttpRequest, row: SecondFactor, values: Values) -> str:
        services.remove(user=row.user, factor_id=row.pk)
        return f"{row} of {row.user} was removed."


@register(RecoveryCode)
class RecoveryCodeAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Operations", "key", 56
    list_display = ["user", "used_at", "created_at"]
    search_fields = ["user__email"]

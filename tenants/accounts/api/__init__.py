"""The API resources ``users`` and ``user-identities``."""

from typing import Any

from django.db.models import QuerySet

from lad.api import router
from lad.api.views import ResourceViewSet
from lad.db.models import LadModel
from lad.tenancy.members import member_ids
from tenants.accounts.models import User, UserIdentity

# What stays of former members: whoever reads an old row sees whose it is.
SHOWN_OF_FORMER_MEMBERS = ("id", "first_name", "last_name")


class UserViewSet(ResourceViewSet):
    """The members of the tenant. A former member is in no list; by their id only the name is shown."""

    def narrow(self, rows: QuerySet) -> Any:
        return rows.filter(pk__in=member_ids()) if self.action == "list" else rows

    def get_object(self) -> Any:
        row = super().get_object()
        # It changes with every sign-in, also in other tenants, and so would the entity tag.
        row.updated_at = None
        return row

    def representation(self, row: LadModel) -> dict[str, Any]:
        shown = super().representation(row)
        if member_ids().filter(user=row.pk).exists():
            return shown
        return {name: value if name in SHOWN_OF_FORMER_MEMBERS else None for name, value in shown.items()}


router.register(
    User,
    area="team",
    methods=router.READ,
    viewset=UserViewSet,
    # A tenant must not learn what users do elsewhere: no memberships, staff flags, sign-ins or times of changes.
    fields=[
        "id",
        "email",
        "first_name",
        "last_name",
        "phone",
        "avatar_url",
        "is_active",
        "email_verified",
        "created_at",
    ],
    filters=["email", "is_active", "created_at"],
    order=["-created_at", "email"],
)


router.register(
    UserIdentity,
    area="identities",
    methods=["list", "retrieve", "delete"],
    fields=["id", "provider", "provider_user_id", "token_expires_at", "created_at", "updated_at"],
    filters=["provider"],
)

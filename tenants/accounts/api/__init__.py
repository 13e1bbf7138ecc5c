"""The API resources ``users`` and ``user-identities``."""

from lad.api import router
from tenants.accounts.models import User, UserIdentity

router.register(
    User,
    area="team",
    methods=router.READ,
    # Other tenants must not learn a user's memberships or staff flags.
    fields=[
        "id",
        "email",
        "first_name",
        "last_name",
        "phone",
        "avatar_url",
        "is_active",
        "email_verified",
        "last_login",
        "created_at",
        "updated_at",
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

"""Users and their identities, signing in and signing up."""

from lad.api import router
from tenants.accounts.models import User, UserIdentity

router.register(
    User,
    area="team",
    methods=router.READ,
    # A person's other tenants, and whether they run the platform, are nobody's business here.
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

"""The tenants domain in the API: the tables as resources, and what is more than a table in the modules beside."""

from lad.api import router
from tenants.api import audit, auth, me, team
from tenants.models import (
    ActivityEntry,
    AuditEntry,
    DomainEvent,
    FeatureFlag,
    Membership,
    Tenant,
    TenantFeature,
    TenantInvitation,
    User,
    UserCapability,
    UserIdentity,
)

router.register(
    Tenant,
    area="tenant",
    methods=["list", "retrieve", "update"],
    exclude=["metadata", "deleted_at"],
    # What a customer pays for and whether they are let in is the platform's to say.
    read_only=["slug", "status", "plan_tier", "trial_ends_at"],
)
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
    Membership,
    area="team",
    filters=["user", "role", "created_at"],
    order=["-created_at", "role"],
    viewset=team.MembershipViewSet,
)
router.register(
    TenantInvitation,
    area="invitations",
    serializer=team.InvitationSerializer,
    viewset=team.InvitationViewSet,
    filters=["email", "role", "created_at", "expires_at"],
    order=["-created_at", "expires_at"],
)
router.register(UserCapability, area="capabilities", filters=["user", "capability_key", "enabled", "created_at"])
router.register(TenantFeature, area="features", filters=["feature_key", "enabled", "created_at"])
router.register(FeatureFlag, area="features", filters=["user", "feature_key", "is_enabled", "expires_at", "created_at"])
router.register(
    DomainEvent,
    area="events",
    methods=router.READ,
    filters=["event_type", "aggregate_type", "aggregate_id", "processed", "created_at"],
)
router.register(
    ActivityEntry,
    path="activity",
    area="activity",
    methods=router.READ,
    filters=["actor", "event_type", "verb", "subject_type", "subject_id", "occurred_at"],
    order=["-occurred_at"],
)
router.register(
    AuditEntry,
    area="audit",
    methods=router.READ,
    # The database login is the platform's affair.
    exclude=["login", "bucket"],
    filters=["table_name", "action", "actor_id", "request_id", "source", "created_at"],
    viewset=audit.AuditEntryViewSet,
)
router.register(
    UserIdentity,
    area="identities",
    methods=["list", "retrieve", "delete"],
    fields=["id", "provider", "provider_user_id", "token_expires_at", "created_at", "updated_at"],
    filters=["provider"],
)

# Importing these adds their addresses.
__all__ = ["audit", "auth", "me", "team"]

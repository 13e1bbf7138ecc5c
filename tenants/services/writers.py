"""Which tables have rules of their own when the API, the admin or an import writes them."""

from lad import writes
from lad.api.permissions import register_feature_gate
from tenants import features
from tenants.identity.linking import IdentityWriter
from tenants.models import (
    FeatureFlag,
    Membership,
    Tenant,
    TenantFeature,
    TenantInvitation,
    User,
    UserCapability,
    UserIdentity,
)
from tenants.services.capabilities import CapabilityWriter
from tenants.services.features import FeatureFlagWriter, TenantFeatureWriter
from tenants.services.invitations import InvitationWriter
from tenants.services.memberships import MembershipWriter
from tenants.services.tenants import TenantWriter
from tenants.services.users import UserWriter


def register() -> None:
    """Tell the kernel; called once when the app is ready."""
    writes.register(Tenant, TenantWriter)
    writes.register(User, UserWriter)
    writes.register(UserIdentity, IdentityWriter)
    writes.register(Membership, MembershipWriter)
    writes.register(UserCapability, CapabilityWriter)
    writes.register(TenantInvitation, InvitationWriter)
    writes.register(TenantFeature, TenantFeatureWriter)
    writes.register(FeatureFlag, FeatureFlagWriter)
    register_feature_gate(features.gate)

"""Tenants, the people in them, what they may do, and what happened."""

from tenants.models.activity import ActivityEntry
from tenants.models.audit import AuditAction, AuditEntry
from tenants.models.domain_event import DomainEvent
from tenants.models.event_delivery import DeliveryState, EventBatch, EventDelivery
from tenants.models.feature import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.models.idempotency import IdempotencyKey
from tenants.models.invitation import TenantInvitation
from tenants.models.mail_delivery import MailDelivery, MailKind, MailState
from tenants.models.membership import Membership, Role, UserCapability
from tenants.models.session import RefreshToken, SignInFailure
from tenants.models.tenant import PlanTier, Tenant, TenantStatus
from tenants.models.user import User, UserIdentity

__all__ = [
    "ActivityEntry",
    "AuditAction",
    "AuditEntry",
    "DeliveryState",
    "DomainEvent",
    "EventBatch",
    "EventDelivery",
    "FeatureFlag",
    "FeatureKillSwitch",
    "IdempotencyKey",
    "MailDelivery",
    "MailKind",
    "MailState",
    "Membership",
    "PlanTier",
    "RefreshToken",
    "Role",
    "SignInFailure",
    "Tenant",
    "TenantFeature",
    "TenantInvitation",
    "TenantStatus",
    "User",
    "UserCapability",
    "UserIdentity",
]

"""Two tenants with their people, and rows of any model in either of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from aiicp.conversations.models import Conversation, Message
from billing.invoicing.models import CREDIT_NOTES, BillingProfile, CreditApplication, Invoice, InvoiceKind
from billing.ledger.models import LedgerTransaction, TransactionType
from billing.legacy.models import LegacyMove
from billing.payments.models import AutoTopup, Payment, PaymentStatus, StripeEvent
from billing.pricing.models import Price
from billing.usage.models import UsageEvent, UsageStatus
from campaigns.accounts.models import CampaignAccount, ChannelAccount
from campaigns.design.models import CampaignStep
from campaigns.enrolment.models import CampaignLead
from campaigns.network_contacts.models import NetworkContact
from lad.jobs.models import Job, JobFailure
from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context
from leads.bookings.models import BookingType, LeadBooking
from leads.contactability.models import ContactPolicy, Suppression
from leads.contacts.models import LeadNote, LeadSocial
from leads.education.models import EducationCounsellor, EducationStudent
from leads.files.models import LeadAttachment
from leads.pipeline.models import LeadStage, LeadStatus
from tenants.access.roles import Role
from tenants.accounts.models import RefreshToken, User, UserIdentity, UserSession
from tenants.activity.models import DataExport
from tenants.features.models import FeatureFlag, TenantFeature
from tenants.features.selectors import PLANS_BY_FEATURE
from tenants.teams.models import Membership, PlanTier, Tenant, TenantInvitation
from tests.contract.catalogue import factory_of
from tests.contract.sql import execute, table
from tests.factories.aiicp import ConversationFactory, MessageFactory
from tests.factories.billing import (
    CreditApplicationFactory,
    HoldFactory,
    LedgerTransactionFactory,
    StripeEventFactory,
    reversal_of,
)
from tests.factories.campaigns import ChannelAccountFactory
from tests.factories.events import MailDeliveryFactory
from tests.factories.kernel import JobFactory, JobFailureFactory
from tests.factories.leads import LeadBookingFactory
from tests.factories.tenants import (
    DataExportFactory,
    MemberFactory,
    MembershipFactory,
    RefreshTokenFactory,
    TenantFactory,
    TenantFeatureFactory,
    UserFactory,
    UserIdentityFactory,
    UserSessionFactory,
)
from tests.factories.voice import CallLogFactory, VoiceAgentVersionFactory
from voice.analysis.models import CallAnalysis
from voice.batches.models import CallBatchEntry
from voice.calls.models import CallLog
from voice.dialer.models import DialingPolicy


@dataclass
class Team:
    """A tenant with every feature, and one person in each role; all may open the admin."""

    tenant: Tenant
    people: dict[str, User] = field(default_factory=dict)

    @property
    def owner(self) -> User:
        return self.people[Role.OWNER]


@dataclass
class World:
    """``acme`` is where a test works; ``borealis`` is what it must never see."""

    acme: Team
    borealis: Team
    superuser: User
    outsider: User
    # The cookies of those who are signed in to the admin, by the names that ``pages.persona`` takes.
    sessions: dict[str, str] = field(default_factory=dict)


def build() -> World:
    with platform_context():
        root = UserFactory.create(email="root@lad.test", is_staff=True, is_superuser=True)
        outsider = UserFactory.create(email="nobody@nowhere.test")
    return World(_team("acme"), _team("borealis"), root, outsider)


def _team(name: str) -> Team:
    with platform_context():
        tenant = TenantFactory.create(name=name.title(), slug=name, plan_tier=PlanTier.ENTERPRISE)
    team = Team(tenant)
    with platform_context(tenant_id=tenant.pk):
        for role in Role.values:
            user = UserFactory.create(email=f"{role}@{name}.test", primary_tenant=tenant, is_staff=True)
            MembershipFactory(user=user, role=role)
            team.people[role] = user
        for feature, plans in PLANS_BY_FEATURE.items():
            if tenant.plan_tier not in plans:
                TenantFeatureFactory(feature_key=feature, granted=True)
    return team


def _booking(team: Team, **values: Any) -> LeadBooking:
    """Make all bookings of a tenant with one lead, because attempts are numbered per lead."""
    first = LeadBooking.all_objects.filter(tenant=team.tenant).first()
    return LeadBookingFactory.create(**{**({"lead": first.lead} if first else {}), **values})


def _only(model: Any) -> Callable[..., Any]:
    """Return the only row of the model that a tenant has."""

    def find_or_make(team: Team, **values: Any) -> Any:
        known = model.objects.filter(tenant=team.tenant).first()
        return known or factory_of(model)(tenant=team.tenant, **values)

    return find_or_make


# Tables without a tenant of their own, and those where more than that makes a row the tenant's.
_SPECIMENS: dict[Any, Callable[..., Any]] = {
    BillingProfile: _only(BillingProfile),
    # The gateway names its accounts itself; those of other providers have ids and secrets that users enter.
    ChannelAccount: lambda team, **values: ChannelAccountFactory(**{"provider": "whatsapp_cloud", **values}),
    ContactPolicy: _only(ContactPolicy),
    DialingPolicy: _only(DialingPolicy),
    # Only the person whose it is changes a conversation.
    Conversation: lambda team, **values: ConversationFactory(**{"user": team.owner, **values}),
    LeadBooking: _booking,
    LegacyMove: _only(LegacyMove),
    MailDelivery: lambda team, **values: MailDeliveryFactory(tenant=team.tenant, **values),
    # Who writes to the assistant writes in a conversation of their own.
    Message: lambda team, **values: MessageFactory(**{"conversation__user": team.owner, **values}),
    RefreshToken: lambda team, **values: RefreshTokenFactory(user=team.owner, tenant=team.tenant, **values),
    StripeEvent: lambda team, **values: StripeEventFactory(tenant=team.tenant, **values),
    Tenant: lambda team, **_values: team.tenant,
    User: lambda team, **values: MemberFactory(**values),
    UserIdentity: lambda team, **values: UserIdentityFactory(user=team.owner, **values),
}

# Rows that are one person's affair, made for that person.
_PERSONAL: dict[Any, Callable[[User], Any]] = {
    Conversation: lambda person: ConversationFactory(user=person),
    DataExport: lambda person: DataExportFactory(user=person),
    Job: lambda person: JobFactory(created_by_user=person),
    JobFailure: lambda person: JobFailureFactory(job__created_by_user=person),
    Message: lambda person: MessageFactory(conversation__user=person),
    UserIdentity: lambda person: UserIdentityFactory(user=person),
    UserSession: lambda person: UserSessionFactory(user=person),
}

# Values that a row sent through the API must have, because a rule of the table asks for them.
_ACCEPTABLE: dict[Any, dict[str, Any]] = {
    FeatureFlag: {"feature_key": "campaigns"},
    # Its scheme is not that of others, and what goes with it is.
    Price: {"scheme": "volume", "tiers": [{"up_to": None, "unit_price": "0.5"}], "unit_price": Decimal("0.5")},
    TenantFeature: {"feature_key": "campaigns"},
}

# Fields whose other values need other fields to change too: each type of step has its own config.
DEPENDED_ON: dict[Any, set[str]] = {
    CampaignStep: {"type"},
    # The whole company of an address is another address.
    Suppression: {"scope"},
    # Only LAD's own staff change these.
    BillingProfile: {"tax_name", "tax_rate", "tax_point", "payment_terms_days", "invoice_prefix"},
}

# Fields that a row is made with and that never change.
SET_ONCE: dict[Any, set[str]] = {
    AutoTopup: {"wallet"},
    CallAnalysis: {"call_log"},
    CallBatchEntry: {"batch"},
    CampaignAccount: {"campaign"},
    CampaignLead: {"campaign", "lead"},
    CampaignStep: {"campaign"},
    ChannelAccount: {"channel", "provider"},
    EducationCounsellor: {"user"},
    EducationStudent: {"lead"},
    LeadBooking: {"lead"},
    LeadNote: {"lead"},
    LeadSocial: {"lead"},
    LeadStage: {"key"},
    LeadStatus: {"key"},
    Membership: {"user"},
    TenantInvitation: {"email", "role"},
}

# Keys that a rule of the table allows only together with other values.
GOES_WITH: dict[tuple[Any, str], dict[str, Any]] = {
    (LeadBooking, "parent_booking"): {"retry_count": 1},
    # A contact is seen from one account.
    (NetworkContact, "channel_account"): {"linkedin_account": None},
    (Invoice, "corrects"): {"kind": InvoiceKind.CREDIT_NOTE, "series": CREDIT_NOTES},
    (Payment, "ledger_transaction"): {"status": PaymentStatus.SUCCEEDED, "paid_at": "2026-01-31T12:00:00Z"},
    # Another place in the ledger; what takes back is an adjustment.
    (LedgerTransaction, "hold"): {"wallet_version": 1_000_000},
    (LedgerTransaction, "reverses"): {"wallet_version": 1_000_000, "transaction_type": TransactionType.ADJUSTMENT},
    (UsageEvent, "ledger_transaction"): {"status": UsageStatus.CHARGED, "charged_at": "2026-01-31T12:00:00Z"},
}

# Rows that no hand writes, by a key they have: what their own service writes with it.


def _call_with_a_version() -> CallLog:
    version = VoiceAgentVersionFactory.create()
    return CallLogFactory.create(agent=version.agent, agent_version=version)


_LINKED: dict[tuple[Any, str], Callable[[], Any]] = {
    (CallLog, "agent_version"): _call_with_a_version,
    (CreditApplication, "source"): CreditApplicationFactory,
    (CreditApplication, "target"): CreditApplicationFactory,
    (LedgerTransaction, "wallet"): LedgerTransactionFactory,
    (LedgerTransaction, "hold"): lambda: LedgerTransaction.objects.get(hold=HoldFactory.create()),
    (LedgerTransaction, "reverses"): lambda: reversal_of(LedgerTransactionFactory.create()),
}

# Values that put a row under an exclusion constraint, where the factory's are outside its condition.
_HELD_WITH: dict[str, Callable[[Team], dict[str, Any]]] = {
    "billing_invoices_one_per_period": lambda _team: {"kind": InvoiceKind.USAGE},
    "lead_bookings_slot": lambda team: {"assigned_user": team.owner, "booking_type": BookingType.DEMO},
    "lead_bookings_one_follow_up": lambda team: {
        "assigned_user": team.owner,
        "booking_type": BookingType.MANUAL_FOLLOWUP,
    },
}

# What a form to add a row asks for beside the row's values.
_UPLOADS: dict[Any, Callable[[], dict[str, Any]]] = {
    LeadAttachment: lambda: {"file": SimpleUploadedFile("notes.txt", b"Called twice, no answer.")},
}


def linked(model: Any, field: str, team: Team) -> Any:
    """Return the tenant's row with the key for rows that only services write, or None."""
    if (model, field) not in _LINKED:
        return None
    with platform_context(tenant_id=team.tenant.pk):
        return _LINKED[model, field]()


def held_with(constraint: str, team: Team) -> dict[str, Any]:
    """What a row must be made with to come under the exclusion constraint of that name."""
    return _HELD_WITH[constraint](team) if constraint in _HELD_WITH else {}


def uploads_of(model: Any) -> dict[str, Any]:
    """Files that the add form must be sent with."""
    return _UPLOADS[model]() if model in _UPLOADS else {}


def is_one_per_tenant(model: Any) -> bool:
    """Return whether a tenant sees at most one row of the table."""
    return model in (BillingProfile, ContactPolicy, DialingPolicy, LegacyMove, Tenant)


def has_rows_per_tenant(model: Any) -> bool:
    return model in _SPECIMENS or model.tenancy.field is not None


def row_of(model: Any, team: Team, **values: Any) -> Any:
    """A new row of the model that belongs to the tenant (for ``Tenant``, the tenant's own)."""
    make = _SPECIMENS.get(model)
    with platform_context(tenant_id=team.tenant.pk):
        return make(team, **values) if make else factory_of(model)(**values)


def any_row(model: Any, team: Team) -> Any:
    """A row of the tenant, or of the platform where the table knows no tenant."""
    if has_rows_per_tenant(model):
        return row_of(model, team)
    with platform_context(tenant_id=team.tenant.pk):
        return factory_of(model)()


def row_seen_by(model: Any, team: Team, person: User | None) -> Any:
    """A new row of the tenant that this person sees whatever their role; without a person, any row."""
    if person is None or model not in _PERSONAL:
        return any_row(model, team)
    with platform_context(tenant_id=team.tenant.pk):
        return _PERSONAL[model](person)


def tenants_read(model: Any) -> bool:
    """Return whether the tenant role can read the table."""
    return model.tenancy.field is not None or bool(model.privileges)


def template_of(model: Any, team: Team, person: User | None = None) -> Any:
    """A row whose values people may send, and which may be removed again; never the tenant itself."""
    if person is not None and model in _PERSONAL:
        return row_seen_by(model, team, person)
    if is_one_per_tenant(model) or not has_rows_per_tenant(model):
        with platform_context():
            return factory_of(model)()
    return row_of(model, team, **_ACCEPTABLE.get(model, {}))


def retire(row: Any) -> None:
    """Clear the way for a new row with the same values: a member becomes a former one, all else is removed."""
    with platform_context():
        if isinstance(row, Membership):
            row.delete()
        elif not row.append_only:
            execute(f"DELETE FROM {table(type(row))} WHERE id = %s", [row.pk])


def rows_of(model: Any, team: Team, count: int) -> list[Any]:
    return [row_of(model, team) for _ in range(count)]

"""The demo's tenants, their members and invitations. All are invented and use reserved domains."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from tenants.access.rights import STAFF_RIGHTS
from tenants.access.roles import Role
from tenants.teams.models import PlanTier


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A role of a tenant's own, or of LAD's staff."""

    key: str
    name: str
    rights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """One member of a demo tenant."""

    first_name: str
    last_name: str
    role: Role
    # May sign in to the admin, limited to their own tenants.
    staff: bool = False
    # The key of one of the tenant's own roles.
    own_role: str = ""


@dataclass(frozen=True, slots=True)
class InvitationSpec:
    """An invitation sent ``ago``; ``outcome`` is pending, expired, accepted or revoked."""

    name: str
    role: Role
    outcome: str
    ago: timedelta
    message: str = ""


@dataclass(frozen=True, slots=True)
class TenantSpec:
    """The description that one demo tenant is created from."""

    name: str
    slug: str
    domain: str
    plan: PlanTier
    owner: MemberSpec
    people: tuple[MemberSpec, ...]
    invited: tuple[InvitationSpec, ...]
    roles: tuple[RoleSpec, ...] = ()
    # Time left on the trial; None for a paying tenant.
    trial: timedelta | None = None
    features: tuple[tuple[str, bool], ...] = ()
    # Feature key, enabled, time until it expires (None: never), for the owner only.
    flags: tuple[tuple[str, bool, timedelta | None, bool], ...] = ()
    # First name of a member, right, granted (True) or revoked (False).
    rights: tuple[tuple[str, str, bool], ...] = ()
    website: str = ""
    country: str = ""
    phone: str = ""
    timezone: str = "UTC"
    # Provider of the owner's linked account.
    signs_in_with: str = ""
    metadata: dict[str, object] = field(default_factory=dict)


# What everybody needs to find their way about.
ORIENTATION: Final = ("activity.view", "features.view", "jobs.view", "team.view", "tenant.view")
FINANCE: Final = RoleSpec(
    "finance",
    "Finance",
    (*ORIENTATION, "billing.buy", "billing.spend", "billing.update", "billing.view", "usage.view"),
)
COUNSELLOR: Final = RoleSpec(
    "counsellor",
    "Counsellor",
    (
        *ORIENTATION,
        *(f"{area}.{verb}" for area in ("bookings", "students") for verb in ("view", "create", "update", "delete")),
        "calls.view",
        "counsellors.view",
        "leads.update",
        "leads.view",
        "pipeline.view",
        "templates.view",
    ),
)
# What LAD's own finance team does in every tenant. They are no superusers.
PLATFORM_FINANCE: Final = RoleSpec(
    "finance",
    "Finance",
    ("team.view", "tenant.view", *sorted(right for right in STAFF_RIGHTS if right.startswith(("billing.", "usage.")))),
)

TENANTS: Final = (
    TenantSpec(
        name="Kestrel Analytics",
        slug="kestrel-analytics",
        domain="kestrel-analytics.example",
        plan=PlanTier.PROFESSIONAL,
        owner=MemberSpec("Maya", "Lindqvist", Role.OWNER, staff=True),
        people=(
            MemberSpec("Jonas", "Weber", Role.ADMIN, staff=True),
            MemberSpec("Priya", "Raman", Role.MEMBER),
            MemberSpec("Tom", "Okafor", Role.MEMBER),
            MemberSpec("Elena", "Rossi", Role.VIEWER),
            MemberSpec("Nora", "Keller", Role.VIEWER, staff=True, own_role="finance"),
        ),
        roles=(FINANCE,),
        invited=(
            InvitationSpec("sofia.marin", Role.MEMBER, "pending", timedelta(1), "Join us for the spring campaign."),
            InvitationSpec("henrik.dahl", Role.VIEWER, "pending", timedelta(days=5)),
            InvitationSpec("ana.costa", Role.MEMBER, "expired", timedelta(days=12)),
            InvitationSpec("liam.byrne", Role.MEMBER, "accepted", timedelta(days=3)),
            InvitationSpec("old.contractor", Role.VIEWER, "revoked", timedelta(days=4)),
        ),
        features=(
            ("lead-enrichment", True),
            ("voice-agent", True),
            ("campaigns", True),
            ("social-integration", True),
            ("apollo-leads", True),
            ("education-students", False),
        ),
        flags=(("ai-icp-assistant", True, timedelta(days=30), False), ("voice-agent", False, timedelta(days=-2), True)),
        rights=(("Priya", "invitations.create", True), ("Jonas", "audit.view", False)),
        website="https://kestrel-analytics.example",
        signs_in_with="google",
        country="SE",
        phone="+46 8 505 21 00",
        timezone="Europe/Stockholm",
        metadata={"industry": "B2B software", "employees": 84, "crm": "in-house"},
    ),
    TenantSpec(
        name="Brightpath Education",
        slug="brightpath-education",
        domain="brightpath.example",
        plan=PlanTier.ENTERPRISE,
        owner=MemberSpec("Amara", "Nwosu", Role.OWNER, staff=True),
        people=(
            MemberSpec("Daniel", "Kim", Role.ADMIN),
            MemberSpec("Ines", "Pereira", Role.MEMBER, staff=True, own_role="counsellor"),
            MemberSpec("Rahul", "Mehta", Role.MEMBER, own_role="counsellor"),
            MemberSpec("Grace", "Holloway", Role.VIEWER),
        ),
        roles=(COUNSELLOR,),
        invited=(
            InvitationSpec("nadia.rahimi", Role.MEMBER, "pending", timedelta(6), "We start with the autumn intake."),
            InvitationSpec("peter.novak", Role.ADMIN, "accepted", timedelta(days=2)),
            InvitationSpec("former.counsellor", Role.MEMBER, "expired", timedelta(days=20)),
        ),
        features=(
            ("education-students", True),
            ("education-counsellors", True),
            ("campaigns", True),
            ("voice-agent", True),
        ),
        flags=(("apollo-leads", False, None, False),),
        website="https://brightpath.example",
        country="GB",
        phone="+44 20 7946 0991",
        timezone="Europe/London",
        metadata={"vertical": "education", "campuses": ["London", "Leeds", "Dublin"], "intakes": {"autumn": 2027}},
    ),
    TenantSpec(
        name="Harbour & Finch Property",
        slug="harbour-finch",
        domain="harbourfinch.example",
        plan=PlanTier.STARTER,
        owner=MemberSpec("Oliver", "Finch", Role.OWNER),
        people=(MemberSpec("Chloe", "Harbour", Role.ADMIN), MemberSpec("Sam", "Petrov", Role.VIEWER)),
        invited=(InvitationSpec("lettings", Role.MEMBER, "pending", timedelta(hours=3)),),
        trial=timedelta(days=2, hours=6),
        # Granted for the trial; the plan does not include all of them.
        features=(("ai-icp-assistant", True), ("voice-agent", True), ("campaigns", True), ("deals-pipeline", True)),
        website="https://harbourfinch.example",
        country="AU",
        phone="+61 2 5550 4412",
        timezone="Australia/Sydney",
        metadata={"industry": "Real estate"},
    ),
)

# First name, own tenant, second tenant and role there: lets a customer's user try switching tenants.
SECOND_MEMBERSHIP: Final = ("Maya", "Kestrel Analytics", "Brightpath Education", Role.VIEWER)

KILL_SWITCH: Final = ("voice-agent-tool-microsoft-outlook", "The connection to Outlook is under review.")

"""Who is in the demo data. The companies are invented; their domains can never exist."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from tenants.teams.models import PlanTier, Role


@dataclass(frozen=True, slots=True)
class Person:
    first_name: str
    last_name: str
    role: Role
    # May sign in to the admin, where they work in their own tenants only.
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation sent ``ago``, and what became of it: pending, expired, accepted or revoked."""

    name: str
    role: Role
    outcome: str
    ago: timedelta
    message: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    slug: str
    domain: str
    plan: PlanTier
    owner: Person
    people: tuple[Person, ...]
    invited: tuple[Invited, ...]
    # How long its trial still lasts; None for a paying customer.
    trial: timedelta | None = None
    features: tuple[tuple[str, bool], ...] = ()
    # Feature, on or off, for how long from now (None: for good), for the owner alone.
    flags: tuple[tuple[str, bool, timedelta | None, bool], ...] = ()
    # First name of a member, right, given or taken.
    rights: tuple[tuple[str, str, bool], ...] = ()
    website: str = ""
    phone: str = ""
    # The provider whose account the owner has linked.
    signs_in_with: str = ""
    metadata: dict[str, object] = field(default_factory=dict)


COMPANIES: Final = (
    Company(
        name="Kestrel Analytics",
        slug="kestrel-analytics",
        domain="kestrel-analytics.example",
        plan=PlanTier.PROFESSIONAL,
        owner=Person("Maya", "Lindqvist", Role.OWNER, staff=True),
        people=(
            Person("Jonas", "Weber", Role.ADMIN, staff=True),
            Person("Priya", "Raman", Role.MEMBER),
            Person("Tom", "Okafor", Role.MEMBER),
            Person("Elena", "Rossi", Role.VIEWER),
        ),
        invited=(
            Invited("sofia.marin", Role.MEMBER, "pending", timedelta(days=1), "Join us for the spring campaign."),
            Invited("henrik.dahl", Role.VIEWER, "pending", timedelta(days=5)),
            Invited("ana.costa", Role.MEMBER, "expired", timedelta(days=12)),
            Invited("liam.byrne", Role.MEMBER, "accepted", timedelta(days=3)),
            Invited("old.contractor", Role.VIEWER, "revoked", timedelta(days=4)),
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
        phone="+46 8 505 21 00",
        metadata={"industry": "B2B software", "employees": 84, "crm": "in-house"},
    ),
    Company(
        name="Brightpath Education",
        slug="brightpath-education",
        domain="brightpath.example",
        plan=PlanTier.ENTERPRISE,
        owner=Person("Amara", "Nwosu", Role.OWNER, staff=True),
        people=(
            Person("Daniel", "Kim", Role.ADMIN),
            Person("Ines", "Pereira", Role.MEMBER),
            Person("Rahul", "Mehta", Role.MEMBER),
            Person("Grace", "Holloway", Role.VIEWER),
        ),
        invited=(
            Invited("nadia.rahimi", Role.MEMBER, "pending", timedelta(days=6), "We start with the autumn intake."),
            Invited("peter.novak", Role.ADMIN, "accepted", timedelta(days=2)),
            Invited("former.counsellor", Role.MEMBER, "expired", timedelta(days=20)),
        ),
        features=(
            ("education-students", True),
            ("education-counsellors", True),
            ("campaigns", True),
            ("voice-agent", True),
        ),
        flags=(("apollo-leads", False, None, False),),
        website="https://brightpath.example",
        phone="+44 20 7946 0991",
        metadata={"vertical": "education", "campuses": ["London", "Leeds", "Dublin"], "intakes": {"autumn": 2027}},
    ),
    Company(
        name="Harbour & Finch Property",
        slug="harbour-finch",
        domain="harbourfinch.example",
        plan=PlanTier.STARTER,
        owner=Person("Oliver", "Finch", Role.OWNER),
        people=(Person("Chloe", "Harbour", Role.ADMIN), Person("Sam", "Petrov", Role.VIEWER)),
        invited=(Invited("lettings", Role.MEMBER, "pending", timedelta(hours=3)),),
        trial=timedelta(days=2, hours=6),
        # What its plan leaves out is LAD's gift while the trial lasts.
        features=(("ai-icp-assistant", True), ("voice-agent", True), ("campaigns", True), ("deals-pipeline", True)),
        website="https://harbourfinch.example",
        phone="+61 2 5550 4412",
        metadata={"industry": "Real estate"},
    ),
)

# Also a member of the second company, so that switching tenants can be tried without being LAD's staff.
IN_TWO_TENANTS: Final = ("Maya", "Kestrel Analytics", "Brightpath Education", Role.VIEWER)

KILL_SWITCH: Final = ("lead-enrichment-beta", "The new enrichment provider is under review.")

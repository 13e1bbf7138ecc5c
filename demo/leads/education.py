"""Students and counsellors of the education vertical."""

from typing import Any, Final

from demo.demo_tenant import DemoTenant
from leads.contacts.models import Lead
from leads.education.models import EducationCounsellor, EducationStudent, Month
from tenants.access.roles import Role

PROGRAMMES: Final = {
    "BSc Computer Science": 5,
    "BSc Business and Management": 5,
    "MSc Data Science": 4,
    "MBA": 3,
    "BA Architecture": 2,
    "BEng Mechanical Engineering": 3,
    "MSc Public Health": 2,
    "Foundation Year Medicine": 2,
    "BA Graphic Design": 2,
    "LLB Law": 2,
}
COUNTRIES: Final = {"United Kingdom": 6, "Ireland": 3, "Canada": 3, "Australia": 2, "Germany": 2, "Netherlands": 1}
INTAKES: Final = {Month.SEPTEMBER: 6, Month.JANUARY: 3, Month.MAY: 1}
PARENTS: Final = ("Engineer", "Physician", "Teacher", "Shop owner", "Accountant", "Nurse", "Civil servant", "")
SPECIALITIES: Final = ("Engineering and computing", "Business", "Health sciences", "Arts and design")
STUDENT_SHARE: Final = 0.75
WITHDRAWN: Final = 3

_MORNING = {"start": "09:00", "end": "12:30"}
_AFTERNOON = {"start": "13:30", "end": "17:30"}
_EVENING = {"start": "16:00", "end": "20:00"}
WEEKS: Final[tuple[dict[str, Any], ...]] = (
    {day: [_MORNING, _AFTERNOON] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
    {**{day: [_MORNING] for day in ("monday", "wednesday", "friday")}, "tuesday": [_EVENING], "thursday": [_EVENING]},
    {**{day: [_AFTERNOON] for day in ("tuesday", "thursday")}, "saturday": [{"start": "10:00", "end": "14:00"}]},
    {day: [_EVENING] for day in ("monday", "tuesday", "wednesday", "thursday")},
)
ZONES: Final = ("Europe/London", "Europe/Dublin", "Asia/Dubai", "Asia/Kolkata")


def load(demo: DemoTenant) -> None:
    """Create counsellors and students of a tenant in the education vertical."""
    if demo.tenant.metadata.get("vertical") != "education":
        return
    _counsellors(demo)
    _students(demo)


def _counsellors(demo: DemoTenant) -> None:
    team = [user for user in demo.team if user.memberships.exclude(role=Role.VIEWER).exists()]
    for number, user in enumerate(team):
        year = demo.now.year
        demo.write(
            EducationCounsellor,
            {
                "user": user,
                "counselor_code": f"BP-{number + 1:02}",
                "display_name": user.full_name,
                "designation": "Head of admissions"
                if number == 0
                else "Senior counsellor"
                if number < 3
                else "Counsellor",
                "specialization": SPECIALITIES[number % len(SPECIALITIES)],
                "timezone": ZONES[number % len(ZONES)],
                "availability_rules": {
                    "weekly": WEEKS[number % len(WEEKS)],
                    "exceptions": [
                        {"date": f"{year}-12-24", "windows": [], "reason": "Christmas Eve"},
                        {"date": f"{year}-12-31", "windows": [_MORNING], "reason": "New Year's Eve"},
                    ],
                },
                "max_sessions_per_day": (4, 10, 12, 8)[number % 4],
                "is_active": number != len(team) - 1 or len(team) < 3,
            },
        )


def _students(demo: DemoTenant) -> None:
    leads = [lead for lead in Lead.objects.order_by("created_at") if demo.random.random() < STUDENT_SHARE]
    programmes, countries = demo.spread(PROGRAMMES, len(leads)), demo.spread(COUNTRIES, len(leads))
    parents = list(demo.people(len(leads)))
    rows = []
    for lead, programme, country, parent in zip(leads, programmes, countries, parents, strict=True):
        known = demo.random.random() < 0.9
        rows.append(
            EducationStudent(
                **demo.created(demo.after(lead.created_at, hours=48)),
                tenant=demo.tenant,
                lead=lead,
                student_parent_name=f"{parent.first_name} {lead.last_name}",
                parent_designation=demo.random.choice(PARENTS),
                program_interested_in=programme,
                country_interested=country,
                intake_year=demo.now.year + demo.random.choice((0, 1, 1, 1, 2)) if known else None,
                intake_month=demo.pick(INTAKES) if known else None,
                metadata={
                    "grade": demo.random.randint(10, 13),
                    "english": f"IELTS {demo.random.choice((6, 6.5, 7))}",
                },
            )
        )
    EducationStudent.objects.bulk_create(rows)
    EducationStudent.objects.filter(pk__in=[row.pk for row in rows[:WITHDRAWN]]).delete()

"""The education vertical: who counsels, and who wants to study what, where and from when."""

from typing import Any, Final

from demo.company import DemoCompany
from leads.contacts.models import Lead
from leads.education.models import EducationCounsellor, EducationStudent, Month
from tenants.teams.models import Role

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
STUDENTS_PER_LEADS: Final = 0.75
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


def load(company: DemoCompany) -> None:
    """Counsellors and students of a company in the education vertical; nothing for others."""
    if company.tenant.metadata.get("vertical") != "education":
        return
    _counsellors(company)
    _students(company)


def _counsellors(company: DemoCompany) -> None:
    team = [person for person in company.team if person.memberships.exclude(role=Role.VIEWER).exists()]
    for place, person in enumerate(team):
        year = company.now.year
        company.write(
            EducationCounsellor,
            {
                "user": person,
                "counselor_code": f"BP-{place + 1:02}",
                "display_name": person.full_name,
                "designation": "Head of admissions"
                if place == 0
                else "Senior counsellor"
                if place < 3
                else "Counsellor",
                "specialization": SPECIALITIES[place % len(SPECIALITIES)],
                "timezone": ZONES[place % len(ZONES)],
                "availability_rules": {
                    "weekly": WEEKS[place % len(WEEKS)],
                    "exceptions": [
                        {"date": f"{year}-12-24", "windows": [], "reason": "Christmas Eve"},
                        {"date": f"{year}-12-31", "windows": [_MORNING], "reason": "New Year's Eve"},
                    ],
                },
                "max_sessions_per_day": (4, 10, 12, 8)[place % 4],
                "is_active": place != len(team) - 1 or len(team) < 3,
            },
        )


def _students(company: DemoCompany) -> None:
    leads = [lead for lead in Lead.objects.order_by("created_at") if company.random.random() < STUDENTS_PER_LEADS]
    programmes, countries = company.spread(PROGRAMMES, len(leads)), company.spread(COUNTRIES, len(leads))
    parents = list(company.people(len(leads)))
    rows = []
    for lead, programme, country, parent in zip(leads, programmes, countries, parents, strict=True):
        known = company.random.random() < 0.9
        rows.append(
            EducationStudent(
                **company.born(company.after(lead.created_at, hours=48)),
                tenant=company.tenant,
                lead=lead,
                student_parent_name=f"{parent.first_name} {lead.last_name}",
                parent_designation=company.random.choice(PARENTS),
                program_interested_in=programme,
                country_interested=country,
                intake_year=company.now.year + company.random.choice((0, 1, 1, 1, 2)) if known else None,
                intake_month=company.one(INTAKES) if known else None,
                metadata={
                    "grade": company.random.randint(10, 13),
                    "english": f"IELTS {company.random.choice((6, 6.5, 7))}",
                },
            )
        )
    EducationStudent.objects.bulk_create(rows)
    EducationStudent.objects.filter(pk__in=[row.pk for row in rows[:WITHDRAWN]]).delete()

"""Students and counsellors, and the counsellors' hours."""

from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from leads.education import availability
from leads.education.models import EducationCounsellor, EducationStudent
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import PlanTier, Tenant
from tests.factories.education import OFFICE_HOURS, EducationCounsellorFactory, EducationStudentFactory
from tests.factories.leads import LeadFactory
from tests.factories.tenants import MembershipFactory, TenantFactory, TenantFeatureFactory
from tests.support.api import conflict, field_problems, problem

STUDENTS = "/api/v1/education-students/"
COUNSELLORS = "/api/v1/education-counsellors/"


def school(name: str) -> Tenant:
    with platform_context():
        tenant = TenantFactory.create(name=name, plan_tier=PlanTier.ENTERPRISE)
    with platform_context(tenant_id=tenant.pk):
        for feature in ("education-students", "education-counsellors"):
            TenantFeatureFactory(feature_key=feature, granted=True)
    return tenant


@pytest.fixture
def tenant(db: None) -> Tenant:
    return school("Acme College")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    return school("Borealis College")


def lead_of(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        return LeadFactory.create(assigned_user=None)


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    return lead_of(tenant)


def test_a_lead_becomes_a_student_once(api: Any, member: User, lead: Lead) -> None:
    body = {"lead": str(lead.pk), "intake_year": 2027, "intake_month": "september"}
    assert api(member).post(STUDENTS, body, format="json").status_code == 201
    again = api(member).post(STUDENTS, body, format="json")
    assert "This lead is already a student" in conflict(again)


def test_a_deleted_student_can_be_replaced_and_is_then_not_restored(api: Any, member: User, lead: Lead) -> None:
    first = api(member).post(STUDENTS, {"lead": str(lead.pk)}, format="json").json()
    assert api(member).delete(f"{STUDENTS}{first['id']}/").status_code == 204
    assert api(member).post(STUDENTS, {"lead": str(lead.pk)}, format="json").status_code == 201
    assert problem(api(member).post(f"{STUDENTS}{first['id']}/restore/"))[0] == 409


def test_a_student_needs_a_lead_of_the_same_tenant(api: Any, member: User, other_tenant: Tenant) -> None:
    response = api(member).post(STUDENTS, {"lead": str(lead_of(other_tenant).pk)}, format="json")
    assert field_problems(response) == {"lead": ["There is no such lead here."]}


def test_the_lead_of_a_student_cannot_change(api: Any, member: User, lead: Lead, tenant: Tenant) -> None:
    student = api(member).post(STUDENTS, {"lead": str(lead.pk)}, format="json").json()
    response = api(member).patch(f"{STUDENTS}{student['id']}/", {"lead": str(lead_of(tenant).pk)}, format="json")
    assert "lead" in field_problems(response)


@pytest.mark.parametrize(
    ("name", "value"),
    [("intake_year", 1999), ("intake_year", 2101), ("intake_month", "Sept"), ("metadata", [])],
)
def test_an_invalid_intake_is_rejected(api: Any, member: User, lead: Lead, name: str, value: Any) -> None:
    response = api(member).post(STUDENTS, {"lead": str(lead.pk), name: value}, format="json")
    assert name in field_problems(response)


def test_an_empty_month_is_stored_as_null(api: Any, member: User, lead: Lead) -> None:
    made = api(member).post(STUDENTS, {"lead": str(lead.pk), "intake_month": ""}, format="json").json()
    assert made["intake_month"] is None
    changed = api(member).patch(f"{STUDENTS}{made['id']}/", {"intake_month": ""}, format="json")
    assert changed.status_code == 200


@pytest.mark.parametrize("values", [{"intake_year": 1999}, {"intake_month": "sept"}])
def test_the_database_rejects_an_invalid_intake(tenant: Tenant, values: Any) -> None:
    with (
        tenant_context(tenant.pk),
        pytest.raises(IntegrityError) as caught,
        transaction.atomic(),
    ):
        EducationStudentFactory(lead__assigned_user=None, **values)
    assert isinstance(caught.value.__cause__, psycopg.errors.CheckViolation)


def test_deleting_and_restoring_a_lead_includes_its_student(api: Any, member: User, lead: Lead) -> None:
    student = api(member).post(STUDENTS, {"lead": str(lead.pk)}, format="json").json()
    assert api(member).delete(f"/api/v1/leads/{lead.pk}/").status_code == 204
    assert problem(api(member).get(f"{STUDENTS}{student['id']}/"))[0] == 404
    assert api(member).post(f"/api/v1/leads/{lead.pk}/restore/").status_code == 200
    assert api(member).get(f"{STUDENTS}{student['id']}/").status_code == 200


def test_a_lead_is_read_with_its_student(api: Any, member: User, lead: Lead) -> None:
    student = api(member).post(STUDENTS, {"lead": str(lead.pk)}, format="json").json()
    shown = api(member).get(f"/api/v1/leads/{lead.pk}/", {"include": "student"}).json()
    assert shown["student"]["id"] == student["id"]


def test_students_are_found_by_their_intake(api: Any, member: User, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        wanted = EducationStudentFactory.create(intake_year=2028, intake_month="january")
        EducationStudentFactory(intake_year=2028, intake_month="may")
    found = api(member).get(STUDENTS, {"intake_year": 2028, "intake_month": "january"}).json()["results"]
    assert [row["id"] for row in found] == [str(wanted.pk)]


def test_students_are_closed_to_tenants_without_the_feature(api: Any, other_owner: User, other_tenant: Tenant) -> None:
    assert api(other_owner).get(STUDENTS).status_code == 200
    with platform_context():
        TenantFeature.objects.filter(tenant=other_tenant, feature_key="education-students").delete()
    assert problem(api(other_owner).get(STUDENTS)) == (403, "feature_closed")
    assert api(other_owner).get(COUNSELLORS).status_code == 200


def counsellor_body(user: User, **more: Any) -> dict[str, Any]:
    return {"user": str(user.pk), "timezone": "Asia/Dubai", "availability_rules": OFFICE_HOURS, **more}


def test_an_admin_makes_a_member_a_counsellor_once(api: Any, admin: User, member: User) -> None:
    response = api(admin).post(COUNSELLORS, counsellor_body(member), format="json")
    assert response.status_code == 201, response.content
    assert response.json()["max_sessions_per_day"] == 20
    again = api(admin).post(COUNSELLORS, counsellor_body(member), format="json")
    assert "already a counsellor" in conflict(again)
    assert problem(api(member).post(COUNSELLORS, counsellor_body(member), format="json")) == (403, "missing_right")


def test_only_a_member_can_become_a_counsellor(api: Any, admin: User, other_owner: User) -> None:
    assert "user" in field_problems(api(admin).post(COUNSELLORS, counsellor_body(other_owner), format="json"))


def test_the_user_of_a_counsellor_cannot_change(api: Any, admin: User, member: User, viewer: User) -> None:
    made = api(admin).post(COUNSELLORS, counsellor_body(member), format="json").json()
    response = api(admin).patch(f"{COUNSELLORS}{made['id']}/", {"user": str(viewer.pk)}, format="json")
    assert "user" in field_problems(response)


def test_a_code_is_unique_but_many_counsellors_can_have_none(
    api: Any, admin: User, member: User, viewer: User, other_tenant: Tenant
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        EducationCounsellorFactory(counselor_code="A1")
    assert api(admin).post(COUNSELLORS, counsellor_body(member, counselor_code="A1"), format="json").status_code == 201
    taken = api(admin).post(COUNSELLORS, counsellor_body(viewer, counselor_code="A1"), format="json")
    assert "Another counsellor has this code" in conflict(taken)
    for user in (viewer, admin):
        assert api(admin).post(COUNSELLORS, counsellor_body(user), format="json").status_code == 201


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "GST"),
        ("timezone", "Asia/Nowhere"),
        ("timezone", "../../etc/passwd"),
        ("max_sessions_per_day", 0),
        ("max_sessions_per_day", -1),
        ("availability_rules", []),
        ("availability_rules", {"weekly": {"funday": []}}),
        ("availability_rules", {"weekly": {"monday": [{"start": "9", "end": "12:00"}]}}),
        ("availability_rules", {"weekly": {"monday": [{"start": "09:00"}]}}),
        ("availability_rules", {"weekly": {"monday": [{"start": "25:00", "end": "26:00"}]}}),
        ("availability_rules", {"weekly": {"monday": [{"start": "12:00", "end": "12:00"}]}}),
        (
            "availability_rules",
            {"weekly": {"monday": [{"start": "09:00", "end": "12:00"}, {"start": "11:59", "end": "13:00"}]}},
        ),
        ("availability_rules", {"exceptions": [{"date": "2027-02-30", "windows": []}]}),
        ("availability_rules", {"exceptions": [{"date": "2027-02-01", "windows": []}] * 2}),
        ("availability_rules", {"exceptions": [{"date": "2027-02-01"}]}),
    ],
)
def test_invalid_hours_are_rejected(api: Any, admin: User, member: User, name: str, value: Any) -> None:
    response = api(admin).post(COUNSELLORS, counsellor_body(member, **{name: value}), format="json")
    assert name in field_problems(response)


def test_the_database_rejects_zero_sessions_a_day(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk), pytest.raises(IntegrityError), transaction.atomic():
        EducationCounsellorFactory(max_sessions_per_day=0)


def test_windows_may_touch_and_reach_midnight() -> None:
    windows = [{"start": "09:00", "end": "12:00"}, {"start": "12:00", "end": "24:00"}]
    availability.validate({"weekly": {"monday": windows}})
    assert availability.weekly_minutes({"weekly": {"monday": windows}}) == 15 * 60


def test_an_exception_replaces_the_whole_day() -> None:
    new_year, monday, tuesday = date(2027, 1, 1), date(2027, 1, 4), date(2027, 1, 5)
    assert availability.windows_on(OFFICE_HOURS, new_year) == []
    assert availability.windows_on(OFFICE_HOURS, monday) == [("09:00", "12:00"), ("13:00", "17:30")]
    assert availability.windows_on(OFFICE_HOURS, tuesday) == []


def test_a_former_member_stays_a_counsellor(api: Any, admin: User, member: User) -> None:
    made = api(admin).post(COUNSELLORS, counsellor_body(member), format="json").json()
    with platform_context():
        membership = member.memberships.get()
    assert api(admin).delete(f"/api/v1/memberships/{membership.pk}/").status_code == 204
    assert api(admin).get(f"{COUNSELLORS}{made['id']}/").json()["user"] == str(member.pk)


class TestWeek:
    """The hours of a counsellor in the admin."""

    @pytest.fixture
    def counsellor(self, tenant: Tenant) -> EducationCounsellor:
        with platform_context(tenant_id=tenant.pk):
            return EducationCounsellorFactory.create()

    def browser(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def page(self, row: EducationCounsellor) -> str:
        return reverse("admin:leads_educationcounsellor_change", args=[row.pk])

    def save(self, client: Client, row: EducationCounsellor, **week: str) -> Any:
        days = {f"availability_rules_{place}": "" for place in range(8)}
        form = {"display_name": "Ada", "timezone": "UTC", "metadata": "{}", "max_sessions_per_day": "4"}
        return client.post(self.page(row), {**form, **days, **week})

    def test_is_shown_with_one_line_per_day(self, superuser: User, counsellor: EducationCounsellor) -> None:
        page = self.browser(superuser).get(self.page(counsellor)).content.decode()
        assert 'value="09:00–12:00, 13:00–17:30"' in page
        assert "2027-01-01 closed (New Year)" in page
        assert "{&quot;weekly" not in page

    def test_is_entered_as_text(self, superuser: User, counsellor: EducationCounsellor) -> None:
        response = self.save(
            self.browser(superuser),
            counsellor,
            availability_rules_0="9-12, 13:30 to 17:00",
            availability_rules_7="2027-05-01 closed (May Day)\n2027-05-02 10:00–11:00\n",
        )
        assert response.status_code == 302
        with platform_context():
            rules = EducationCounsellor.objects.get(pk=counsellor.pk).availability_rules
        assert rules["weekly"] == {"monday": [{"start": "09:00", "end": "12:00"}, {"start": "13:30", "end": "17:00"}]}
        assert rules["exceptions"] == [
            {"date": "2027-05-01", "windows": [], "reason": "May Day"},
            {"date": "2027-05-02", "windows": [{"start": "10:00", "end": "11:00"}]},
        ]

    @pytest.mark.parametrize(
        ("week", "says"),
        [
            ({"availability_rules_0": "nine to five"}, "Monday: write “nine to five” as 09:00–17:30."),
            ({"availability_rules_0": "12-9"}, "ends before it starts"),
            ({"availability_rules_7": "Christmas"}, "Exceptions: write “Christmas” as"),
            ({"availability_rules_0": "99:00-99:30"}, "has the wrong format"),
        ],
    )
    def test_errors_name_the_wrong_part(
        self, superuser: User, counsellor: EducationCounsellor, week: dict[str, str], says: str
    ) -> None:
        response = self.save(self.browser(superuser), counsellor, **week)
        assert response.status_code == 200
        assert says in response.content.decode()

    def test_is_shown_as_a_table_to_readers(self, tenant: Tenant, counsellor: EducationCounsellor) -> None:
        with platform_context(tenant_id=tenant.pk):
            clerk = MembershipFactory.create(role=Role.VIEWER, user__is_staff=True, user__primary_tenant=tenant).user
        page = self.browser(clerk).get(self.page(counsellor)).content.decode()
        assert "09:00–12:00" in page
        assert "availability_rules_0" not in page


def test_a_student_page_shows_the_lead_and_the_counsellor(superuser: User, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        student = EducationStudentFactory.create()
        counsellor = student.lead.assigned_user
    assert counsellor is not None
    client = Client()
    client.force_login(superuser)
    page = client.get(reverse("admin:leads_educationstudent_change", args=[student.pk])).content.decode()
    assert student.lead.email in page
    assert f"Counselled by {counsellor.full_name}." in page
    listed = client.get(reverse("admin:leads_educationstudent_changelist"), {"q": student.lead.first_name.upper()})
    assert student.pk in {row.pk for row in listed.context["cl"].result_list}


def test_students_of_another_tenant_are_not_shown(tenant: Tenant, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        EducationStudentFactory()
    with tenant_context(tenant.pk):
        assert not EducationStudent.objects.exists()
        assert not EducationCounsellor.objects.exists()

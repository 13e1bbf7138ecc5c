"""Versions, copies, sharing and comparison of customer profiles."""

from aiicp.profiles.models import IcpProfile, IcpProfileVersion
from lad.tenancy.context import platform_context
from tests.aiicp.helpers import PROFILES, ids, profile
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events

VERSIONS = "/api/v1/ai-icp-profile-versions/"
FINTECH = {"industries": ["Fintech"], "locations": ["Berlin, Germany"]}
CLINICS = {"industries": ["Hospitals & clinics"], "locations": ["Berlin, Germany", "DACH"]}


def change(api, user, row, **values):
    response = api(user).patch(f"{PROFILES}{row.pk}/", values, format="json")
    assert response.status_code == 200, response.content
    return response.json()


def test_every_change_keeps_what_the_profile_said_before(tenant, member, api):
    row = profile(tenant, member, name="Fintechs", icp_data=FINTECH)
    assert change(api, member, row, icp_data=CLINICS)["version"] == 2
    assert change(api, member, row, name="Clinics")["version"] == 3
    # Neither a use nor a switch is a change of what it says.
    api(member).post(f"{PROFILES}{row.pk}/use/")
    assert change(api, member, row, is_active=False)["version"] == 3
    assert stored(row).criteria_version == 2
    kept = api(member).get(VERSIONS, {"profile": str(row.pk)}).json()["results"]
    said = sorted((each["number"], each["name"], each["icp_data"]) for each in kept)
    assert said == [(1, "Fintechs", FINTECH), (2, "Fintechs", CLINICS)]
    assert {each["replaced_by_user"] for each in kept} == {str(member.pk)}


def test_a_version_is_restored_and_what_it_replaces_is_kept(tenant, member, api):
    row = profile(tenant, member, name="Fintechs", icp_data=FINTECH, weights={"role": 40})
    change(api, member, row, icp_data=CLINICS, weights={}, name="Clinics")
    response = api(member).post(f"{PROFILES}{row.pk}/restore-version/", {"number": 1}, format="json")
    assert response.status_code == 200, response.content
    body = response.json()
    assert (body["name"], body["icp_data"], body["weights"], body["version"]) == ("Fintechs", FINTECH, {"role": 40}, 3)
    with platform_context():
        assert IcpProfileVersion.objects.get(profile=row.pk, number=2).icp_data == CLINICS
    assert [each.payload for each in events("aiicp.icp_profile.version_restored", tenant.pk)] == [{"number": 1}]
    missing = api(member).post(f"{PROFILES}{row.pk}/restore-version/", {"number": 9}, format="json")
    assert problem(missing) == (404, "no_such_version")


def test_a_copy_says_the_same_and_begins_anew(tenant, member, admin, api):
    row = profile(tenant, member, name="Fintechs", icp_data=FINTECH, weights={"role": 40})
    change(api, member, row, description="Since spring")
    response = api(admin).post(f"{PROFILES}{row.pk}/duplicate/", {"is_shared": False}, format="json")
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["name"], body["icp_data"], body["weights"]) == ("Copy of Fintechs", FINTECH, {"role": 40})
    assert (body["user"], body["version"], body["usage_count"]) == (str(admin.pk), 1, 0)
    assert (body["is_shared"], body["source_conversation"]) == (False, None)
    assert response["Location"] == f"{PROFILES}{body['id']}/"


def test_a_private_profile_is_its_owners_and_of_those_who_oversee(tenant, member, viewer, admin, api):
    row = profile(tenant, member, is_shared=False, icp_data=FINTECH)
    change(api, member, row, icp_data=CLINICS)
    for user, sees in ((member, True), (viewer, False), (admin, True)):
        assert (str(row.pk) in ids(api(user).get(PROFILES))) is sees
        assert bool(ids(api(user).get(VERSIONS, {"profile": str(row.pk)}))) is sees
        assert api(user).get(f"{PROFILES}{row.pk}/").status_code == (200 if sees else 404)
    # Those who oversee the assistant see it, and leave it alone.
    refused = api(admin).patch(f"{PROFILES}{row.pk}/", {"name": "Mine"}, format="json")
    assert problem(refused) == (403, "profile_private")
    assert problem(api(admin).delete(f"{PROFILES}{row.pk}/")) == (403, "profile_private")
    assert events("aiicp.icp_profile.updated", tenant.pk) == []
    assert api(member).post(f"{PROFILES}{row.pk}/share/").json()["is_shared"]
    assert str(row.pk) in ids(api(viewer).get(PROFILES))
    assert problem(api(admin).post(f"{PROFILES}{row.pk}/make-private/")) == (403, "profile_private")
    assert not api(member).post(f"{PROFILES}{row.pk}/make-private/").json()["is_shared"]


def test_two_profiles_or_versions_stand_side_by_side(tenant, member, viewer, api):
    row = profile(tenant, member, name="Fintechs", icp_data={**FINTECH, "employees": {"min": 10, "max": 50}})
    other = profile(tenant, member, name="Clinics", icp_data=CLINICS, weights={"role": 40})

    def compared(**asked):
        response = api(viewer).get(f"{PROFILES}{row.pk}/compare/", asked)
        assert response.status_code == 200, response.content
        return {each["name"]: each for each in response.json()["differences"]}

    found = compared(profile=str(other.pk))
    assert set(found) == {"name", "industries", "locations", "employees", "weights.role"}
    assert found["locations"]["only_left"] == []
    assert found["locations"]["only_right"] == ["DACH"]
    assert (found["employees"]["left"], found["employees"]["right"]) == (["10 to 50"], [])
    assert compared() == {}
    change(api, member, row, icp_data=FINTECH)
    assert set(compared(version=1)) == {"employees"}
    hidden = profile(tenant, member, is_shared=False)
    for asked in ({"profile": str(hidden.pk)}, {"version": 7}):
        assert api(viewer).get(f"{PROFILES}{row.pk}/compare/", asked).status_code == 404


def test_staff_change_a_profile_by_chips_and_keep_what_the_form_does_not_show(tenant, member, admin_of):
    row = profile(
        tenant,
        member,
        icp_data={**FINTECH, "goals": ["Book meetings"], "excluded": {"industries": ["Insurance"]}},
        search_params=None,
    )
    browser = admin_of(member)
    address = f"/admin/aiicp/icpprofile/{row.pk}/change/"
    page = browser.get(address)
    assert page.status_code == 200
    form = page.context["adminform"].form
    sent = {name: value for name in form.fields if (value := form[name].value()) not in (None, "")}
    assert (sent["industries"], sent["locations"]) == (["Fintech"], ["Berlin, Germany"])
    assert sent["excluded_industries"] == ["Insurance"]
    assert 'name="icp_data"' not in page.content.decode()
    sent |= {"industries": ["Fintech", "Toy makers"], "locations": ["DACH"], "employees_least": 50, "weight_role": 60}
    answer = browser.post(address, {**sent, form.opened_name: form.opened_value})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    saved = stored(row)
    assert saved.icp_data == {
        "industries": ["Fintech", "Toy makers"],
        "locations": ["DACH"],
        "employees": {"min": 50},
        "goals": ["Book meetings"],
        "excluded": {"industries": ["Insurance"]},
    }
    assert saved.search_params is not None
    assert saved.search_params["organization_locations"] == ["Austria", "Switzerland", "Germany"]
    assert (saved.weights, saved.version) == ({"role": 60}, 2)
    assert "Version 1" in browser.get(address).content.decode()
    compared = browser.get(f"/admin/aiicp/icpprofile/{row.pk}/comparison/", {"version": "1"}).content.decode()
    assert "Toy makers" in compared
    assert browser.get(f"/admin/aiicp/icpprofile/{row.pk}/comparison/", {"version": "9"}).status_code == 404


def test_staff_add_a_profile_by_hand_but_no_empty_one(tenant, member, admin_of):
    browser = admin_of(member)
    empty = browser.post("/admin/aiicp/icpprofile/add/", {"name": "By hand", "user": str(member.pk), "is_shared": "on"})
    assert "Say at least one thing" in empty.content.decode()
    values = {"name": "By hand", "user": str(member.pk), "is_shared": "on", "titles": ["CEO", "Head of Ops"]}
    added = browser.post("/admin/aiicp/icpprofile/add/", values)
    assert added.status_code == 302, added.context["adminform"].form.errors
    with platform_context():
        assert IcpProfile.objects.get(name="By hand").icp_data == {"roles": ["CEO", "Head of Ops"]}

"""What a text says about the ideal customer, over the API."""

import pytest

from aiicp.json_schemas import ICP, SEARCH_PARAMS
from lad.db.json_schema import JsonSchemaValidator
from lad.tenancy.context import platform_context
from tenants.teams.models import PlanTier
from tests.support.api import problem

ADDRESS = "/api/v1/ai-icp-extractions/"


def test_a_text_is_answered_with_values_their_words_and_the_search(api, tenant, member):
    text = "CFOs of clinics in Dubai, 50-200 employees, no agencies"
    response = api(member).post(ADDRESS, {"text": text}, format="json")
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["language"] == "en"
    assert body["icp_data"] == {
        "roles": ["CFO"],
        "industries": ["Hospitals & clinics"],
        "locations": ["Dubai, United Arab Emirates"],
        "employees": {"min": 50, "max": 200},
        "excluded": {"industries": ["Marketing & advertising"]},
    }
    assert body["search_params"] == {
        "person_titles": ["CFO"],
        "include_similar_titles": True,
        "organization_locations": ["Dubai, United Arab Emirates"],
        "organization_industries": ["Hospitals & clinics"],
        "organization_num_employees_ranges": ["50,200"],
    }
    assert body["missing"] == ["problem_statement", "deal_type"]
    assert body["completeness"] == pytest.approx(4 / 6)
    clinics = next(each for each in body["values"] if each["name"] == "Hospitals & clinics")
    assert text[clinics["start"] : clinics["end"]] == clinics["text"] == "clinics"
    assert clinics["why"] == "industry Hospitals & clinics, from “clinics”"
    assert (clinics["polarity"], clinics["operation"]) == ("include", "add")
    sizes = [each for each in body["values"] if each["slot"] == "employees"]
    assert [each["range"] for each in sizes] == [{"min": 50, "max": 200, "currency": ""}]


def test_a_correction_changes_what_was_known_and_keeps_what_others_stored(api, tenant, member):
    known = {"locations": ["Germany"], "limit": 100, "confidence_score": 40, "capture_rules": {"a": 1}}
    response = api(member).post(
        ADDRESS, {"text": "not Germany but Austria. Make it 200 instead", "icp_data": known}, format="json"
    )
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["icp_data"] == {**known, "locations": ["Austria"], "limit": 200}
    operations = {each["name"] or each["number"]: each["operation"] for each in body["values"]}
    assert operations == {"Germany": "remove", "Austria": "add", 200: "replace"}


def test_what_is_answered_can_be_stored_in_a_conversation(api, tenant, member):
    text = (
        "Find 200 HR directors or CFOs at SaaS startups (series B, $5M-$10M ARR, founded after 2015) in EMEA without "
        "France that use HubSpot, not Salesforce. Mid-market, annual contracts, via LinkedIn, to book demos. "
        "People at Siemens, https://www.linkedin.com/in/jane. We sell payroll software."
    )
    body = api(member).post(ADDRESS, {"text": text}, format="json").json()
    assert {"roles", "platforms", "goals", "revenue", "founded", "excluded", "companies"} <= body["icp_data"].keys()
    JsonSchemaValidator(ICP)(body["icp_data"])
    JsonSchemaValidator(SEARCH_PARAMS)(body["search_params"])
    stored = api(member).post(
        "/api/v1/ai-conversations/",
        {"icp_data": body["icp_data"], "search_params": body["search_params"]},
        format="json",
    )
    assert stored.status_code == 201, stored.content


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "x", "language": "xx"}, "language"),
        ({"text": "x", "icp_data": {"industries": "Dental"}}, "icp_data"),
        ({"text": "x", "icp_data": {"excluded": {"industries": [1]}}}, "icp_data"),
        ({"text": "x", "icp_data": {"employees": {"min": "a"}}}, "icp_data"),
        ({"text": "x", "icp_data": []}, "icp_data"),
        ({"text": "x", "colour": "red"}, "colour"),
    ],
)
def test_a_malformed_question_is_refused(api, tenant, member, body, field):
    response = api(member).post(ADDRESS, body, format="json")
    assert response.status_code == 400, response.content
    assert field in response.json()["errors"]


def test_the_extractor_belongs_to_the_feature_of_the_assistant(api, tenant, member):
    with platform_context():
        tenant.plan_tier = PlanTier.STARTER
        tenant.save(update_fields=["plan_tier"])
    response = api(member).post(ADDRESS, {"text": "clinics in Dubai"}, format="json")
    assert response.status_code == 403, response.content


def test_nobody_reads_without_signing_in(client):
    response = client.post(ADDRESS, {"text": "clinics"}, content_type="application/json")
    assert problem(response)[0] == 401

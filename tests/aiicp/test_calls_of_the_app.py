"""What the single-page app asks of the assistant and of lead files can be answered: call by call, field by field.

The gateway gives the answers their own names and paths. Here stands which endpoint of LAD a field comes from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import resolve

from tenants.accounts.models import User
from tests.aiicp.lead_files.test_importing import CSV, send

V1 = "/api/v1/"
Answers = dict[str, Any]
LEADS = [{"first_name": "Maya", "email": "maya@acme.example", "phone": "+971501234567"}, {"company_name": "Acme"}]


@dataclass(frozen=True)
class Call:
    """One call of the app: what is asked of LAD instead, and where each field of the answer is."""

    theirs: str
    make: Callable[[Any], Answers]
    fields: Mapping[str, str]


def post(client: Any, path: str, body: Any = None) -> Any:
    answer = client.post(f"{V1}{path}", body or {}, format="json")
    assert answer.status_code in (200, 201, 202), (path, answer.content)
    return answer.json()


def get(client: Any, path: str, **query: Any) -> Any:
    answer = client.get(f"{V1}{path}", query)
    assert answer.status_code == 200, (path, answer.content)
    return answer.json()


def chat(client: Any) -> Answers:
    talk = post(client, "ai-conversations/", {"title": ""})
    answer = post(client, f"ai-conversations/{talk['id']}/answers/", {"content": "We sell to clinics in Dubai"})
    return {"talk": talk, "answer": answer, "messages": get(client, "ai-messages/", conversation=talk["id"])}


def history(client: Any) -> Answers:
    talk = post(client, "ai-conversations/", {"title": "Clinics"})
    return {
        "list": get(client, "ai-conversations/", status="active", page_size=10),
        "one": get(client, f"ai-conversations/{talk['id']}/", include="messages"),
        "archived": post(client, f"ai-conversations/{talk['id']}/archive/"),
    }


def batch_save(client: Any) -> Answers:
    message = {"role": "user", "content": "clinics", "step_index": 1, "sent_at": "2026-11-28T10:00:00Z"}
    saved = post(client, "icp-wizard/messages/", {"session": "s-1", "messages": [message]})
    return {"saved": saved, "messages": get(client, "ai-messages/", conversation=saved["conversation"])}


def wizard(client: Any) -> Answers:
    begun = post(client, "icp-wizard/", {"session": "s-2"})
    url = f"icp-wizard/{begun['conversation']}/answer/"
    unsure = post(client, url, {"answer": "hosptals", "intent_key": "icp_industries"})
    return {"begun": begun, "unsure": unsure, "sure": post(client, url, {"answer": "yes"})}


def classified(kind: str, text: str) -> Callable[[Any], Answers]:
    return lambda client: {
        "found": post(client, "icp-wizard/classify/", {"kind": kind, "text": text}),
        "suggested": get(client, "icp-wizard/suggestions/", kind=kind, q=text[:3]),
    }


def uploaded(client: Any) -> Answers:
    return {"file": send(client, "upload", CSV).json()}


def about_leads(path: str, **more: Any) -> Callable[[Any], Answers]:
    return lambda client: {"found": post(client, f"lead-files/{path}/", {"leads": LEADS, **more})}


def inbound(client: Any) -> Answers:
    body: dict[str, Any] = {"leads": LEADS}
    first = post(client, "lead-files/next-question/", body)
    turn = first
    for said in ("yes", "no", "no", "skip"):
        known = {"answers": turn["answers"], "intent_key": turn["question"]["intent_key"]}
        turn = post(client, "lead-files/next-question/", {**body, **known, "answer": said})
    return {"first": first, "last": turn}


def profiles(client: Any) -> Answers:
    made = post(client, "ai-icp-profiles/", {"name": "Clinics", "icp_data": {"industries": ["Clinics"]}})
    return {
        "made": made,
        "list": get(client, "ai-icp-profiles/"),
        "used": post(client, f"ai-icp-profiles/{made['id']}/use/"),
    }


QUESTION = {
    "nextQuestion.id": "unsure.question.id",
    "nextQuestion.stepIndex": "unsure.question.step_index",
    "nextQuestion.title": "unsure.question.title",
    "nextQuestion.question": "unsure.question.question",
    "nextQuestion.helperText": "unsure.question.helper_text",
    "nextQuestion.category": "unsure.question.category",
    "nextQuestion.intentKey": "unsure.question.intent_key",
    "nextQuestion.questionType": "unsure.question.question_type",
    "nextQuestion.options[].label": "unsure.question.options.0.label",
    "nextQuestion.options[].value": "unsure.question.options.0.value",
    "nextQuestion.validationRules": "unsure.question.validation_rules",
}
CLASSIFICATION = {
    "classification.apollo_industry | primary_location | primary_role": "found.value",
    "classification.confidence": "found.confidence",
    "classification.reasoning": "found.reasoning",
    "classification.alternative_*": "found.alternatives",
    "suggestions": "suggested.suggestions",
}
ANALYSIS = {
    "data.basicAnalysis.totalLeads": "found.total",
    "data.platforms": "found.coverage.0.percentage",
    "data.aiSummary": "found.summary",
    "data.recommendedActions[].platform": "found.recommended_actions.0.platform",
    "data.recommendedActions[].action": "found.recommended_actions.0.action",
    "data.recommendedActions[].priority": "found.recommended_actions.0.priority",
    "data.recommendedActions[].reason": "found.recommended_actions.0.reason",
    "data.suggestedPlatforms": "found.suggested_platforms",
    "data.excludedPlatforms": "found.excluded_platforms",
}
CALLS = [
    Call(
        "POST /api/ai-icp-assistant/chat",
        chat,
        {
            "message | response": "answer.content",
            "icpData": "answer.icp_data",
            "searchReady": "answer.progress",
            "searchParams": "answer.search_params",
            "conversationHistory": "messages.results.0.content",
            "suggestions": "answer.suggestions",
            "conversationId": "talk.id",
        },
    ),
    Call(
        "POST /api/ai-icp-assistant/reset · GET /history · GET /conversations/:id",
        history,
        {
            "history[]": "list.results.0.title",
            "conversation": "one.status",
            "messages": "one.messages",
            "reset": "archived.status",
        },
    ),
    Call(
        "POST /api/ai-icp-assistant/messages/batch-save",
        batch_save,
        {
            "conversationId": "saved.conversation",
            "savedCount": "saved.saved",
            "messages": "messages.results.0.content",
        },
    ),
    Call(
        "GET /api/ai-icp-assistant/onboarding/icp-questions[/{step}]",
        lambda client: {
            "all": get(client, "icp-wizard/questions/"),
            "one": get(client, "icp-wizard/questions/", step=2),
        },
        {
            "questions": "all.questions.0.intent_key",
            "totalSteps": "all.total_steps",
            "question": "one.questions.0.title",
        },
    ),
    Call(
        "POST /api/ai-icp-assistant/onboarding/icp-answer",
        wizard,
        {
            "nextStepIndex": "sure.question.step_index",
            **QUESTION,
            "clarificationNeeded": "unsure.clarification_needed",
            "completed": "sure.completed",
            "message": "unsure.message",
            "confidence": "unsure.classification.confidence",
            "extractedData": "unsure.classification.values",
            "updatedCollectedAnswers": "sure.answers.icp_industries.value",
            "conversationId": "begun.conversation",
        },
    ),
    Call(
        "GET /api/ai-icp-assistant/leads/template/columns",
        lambda client: {"found": get(client, "lead-files/columns/")},
        {
            "columns[].key": "found.columns.0.key",
            "columns[].label": "found.columns.0.label",
            "columns[].required": "found.columns.0.required",
            "columns[].example": "found.columns.0.example",
            "columns[].platform": "found.columns.0.platform",
            "platformFields": "found.platform_fields.email",
        },
    ),
    Call(
        "POST /api/ai-icp-assistant/leads/upload",
        uploaded,
        {
            "data.leads": "file.leads.0.values",
            "data.totalRows": "file.total_rows",
            "data.validLeads": "file.valid_rows",
            "data.errors": "file.issues.0.problem",
            "data.headers": "file.columns.0.heading",
            "data.platforms.available": "file.coverage.0.available",
            "data.platforms.coverage{p:{count}}": "file.coverage.0.count",
            "data.platforms.coverage{p:{percentage}}": "file.coverage.0.percentage",
            "data.analysis": "file.recommended_actions.0.reason",
            "data.summary": "file.summary",
        },
    ),
    Call("POST /api/ai-icp-assistant/leads/analyze · inbound/analyze", about_leads("analyse"), ANALYSIS),
    Call(
        "POST /api/ai-icp-assistant/leads/platform-questions",
        about_leads("platform-questions"),
        {
            "data.questions": "found.questions.0.question",
            "data.availablePlatforms": "found.available_platforms",
            "data.unavailablePlatforms": "found.unavailable_platforms",
            "data.coverage": "found.coverage.0.count",
        },
    ),
    Call(
        "POST /api/ai-icp-assistant/leads/validate",
        about_leads("validate", platforms=["email"]),
        {
            "data.valid": "found.valid",
            "data.invalid[].index": "found.invalid.0.index",
            "data.invalid[].issues": "found.invalid.0.issues",
            "data.totalLeads": "found.total",
            "data.validCount": "found.valid_count",
            "data.invalidCount": "found.invalid_count",
            "data.canExecute": "found.can_execute",
        },
    ),
    Call(
        "POST /api/ai-icp-assistant/inbound/next-question · process-answer",
        inbound,
        {
            "nextQuestion": "first.question.question",
            "completed": "last.completed",
            "answers": "last.answers.duplicates",
        },
    ),
    Call("POST /classify-industry · GET /industry-suggestions", classified("industry", "clinics"), CLASSIFICATION),
    Call("POST /classify-location · GET /location-suggestions", classified("location", "Dubai"), CLASSIFICATION),
    Call(
        "POST /classify-decision-makers · GET /decision-maker-suggestions",
        classified("decision_maker", "CEO"),
        CLASSIFICATION,
    ),
    Call(
        "POST /api/ai-icp-assistant/expand-keywords",
        lambda client: {
            "found": post(client, "ai-keyword-expansions/expand/", {"keyword": "clinic", "context": "industry"})
        },
        {"keywords": "found.keywords", "topic": "found.keyword"},
    ),
    Call(
        "GET · POST · PUT /api/ai-icp-assistant/profiles · /:id/use",
        profiles,
        {"profiles[]": "list.results.0.name", "profile": "made.icp_data", "usageCount": "used.usage_count"},
    ),
]
# Apollo's calls belong to prospecting, which has tests of its own: the endpoint that answers, and what is missing.
PROSPECTING = [
    ("POST /api/apollo-leads/search", "company-search/", ""),
    ("GET /api/apollo-leads/companies/{id}", "company-search-cache/1/", ""),
    ("POST /api/apollo-leads/employees/search", "people-search/", ""),
    ("POST /api/apollo-leads/search-employees-from-db", "people-search/", ""),
    ("GET /api/apollo-leads/leads/{personId}/email · /phone", "reveals/", "one person's by their id, as a filter"),
    ("POST /api/apollo-leads/reveal-email · /reveal-phone", "reveal-people/", "the answer in one call: it is a job"),
    ("POST /api/apollo-leads/get-decision-maker-phones", "reveal-people/", "credits left, from the wallet"),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.theirs)
def test_every_field_of_a_call_has_a_source(api: Any, member: User, call: Call) -> None:
    answers = call.make(api(member))
    missing = []
    for field, path in call.fields.items():
        found: Any = answers
        for step in path.split("."):
            try:
                found = found[int(step)] if step.isdigit() else found[step]
            except (KeyError, IndexError, TypeError):
                missing.append((field, path, step))
                break
    assert missing == []
    assert call.fields


def test_the_last_question_about_a_file_completes_it(api: Any, member: User) -> None:
    found = inbound(api(member))
    assert found["first"]["question"]["intent_key"] == "use_email"
    last = found["last"]
    assert (last["question"], last["completed"], last["platforms"]) == (None, True, ["email"])
    assert last["answers"]["duplicates"] == "skip"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"answer": "perhaps"}, "Answer yes or no"),
        ({"answer": "yes", "intent_key": "use_fax"}, "not asked"),
        (
            {"answers": {"use_email": False, "use_whatsapp": False, "use_voice": False, "duplicates": "skip"}},
            "No channel",
        ),
        ({"leads": []}, "No channel"),
    ],
)
def test_an_answer_about_a_file_that_cannot_be_used_is_asked_again(
    api: Any, member: User, body: dict[str, Any], words: str
) -> None:
    turn = post(api(member), "lead-files/next-question/", {"leads": LEADS, **body})
    assert words in turn["message"]
    assert (turn["clarification_needed"], turn["completed"]) == (True, False)


def test_answers_that_nobody_gave_do_not_count(api: Any, member: User) -> None:
    answers = {"use_email": "of course", "use_fax": True, "duplicates": ["skip"], "use_voice": True}
    turn = post(api(member), "lead-files/next-question/", {"leads": LEADS, "answers": answers})
    assert turn["answers"] == {"use_voice": True}
    assert turn["question"]["intent_key"] == "use_email"


@pytest.mark.parametrize("path", sorted({path for _theirs, path, _missing in PROSPECTING}))
def test_every_call_of_prospecting_has_an_endpoint(path: str) -> None:
    assert resolve(f"{V1}{path}").route.startswith("api/v1/")

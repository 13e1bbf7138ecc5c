"""Brightpath brings students to universities and looks for schools that send them."""

from typing import Final

from demo.aiicp.talk import ARCHIVED, COMPLETED, Said, Talk

_SCHOOLS = {
    "outreach_type": "outbound",
    "target_knowledge": "discovery",
    "roles": ["Head of Sixth Form", "Careers Adviser", "Director of Studies"],
    "industries": ["secondary education", "international schools"],
    "locations": ["India", "United Arab Emirates"],
    "company_size": "smb",
    "deal_type": "partnership",
    "problem_statement": "Schools want their leavers at good universities and have nobody who knows the admissions.",
    "confidence_score": 82,
}

_PARENTS = {
    "outreach_type": "inbound",
    "inbound_source": ["whatsapp", "website"],
    "inbound_data_ready": False,
    "locations": ["London", "Leeds", "Dublin"],
    "keywords": ["study abroad", "foundation year"],
    "confidence_score": 48,
}

TALKS: Final = (
    Talk(
        person="Ines",
        title="Partner schools in India and the Emirates",
        days_ago=52,
        status=COMPLETED,
        icp=_SCHOOLS,
        search={
            "person_titles": ["Head of Sixth Form", "Careers Adviser", "Director of Studies"],
            "organization_locations": ["India", "United Arab Emirates"],
            "organization_industries": ["primary/secondary education"],
            "q_keywords": "international baccalaureate",
        },
        searched=True,
        stage="ready_for_execution",
        profile="Partner schools, India and Emirates",
        about="International schools with a sixth form of at least sixty; the intake of autumn 2027.",
        said=(
            Said("We need more schools that send us their leavers, mostly from India and the Emirates."),
            Said(
                "Whom do you talk to at such a school: the head, the careers adviser, or the parents' association?",
                {"stage": "outbound_icp_discovery", "options": ["Head", "Careers adviser", "Parents' association"]},
            ),
            Said("The careers adviser first, then the head of sixth form signs."),
            Said(
                "Which schools are the right ones? Those with an international curriculum, or any?",
                {"extracted": {"roles": ["Head of Sixth Form", "Careers Adviser"]}},
            ),
            Said("International Baccalaureate or A-levels. Others do not meet the entry requirements."),
            Said(
                "I have: careers advisers, heads of sixth form and directors of studies at international schools in "
                "India and the Emirates, with the IB or A-levels. Shall I search?",
                {"stage": "confirmation", "options": ["Search", "Change something"]},
            ),
            Said("Yes please.", {"intent": "confirm"}),
            Said("The search is ready, and the profile is saved.", {"stage": "ready_for_execution"}),
        ),
    ),
    Talk(
        person="Rahul",
        title="Parents who ask about the foundation year",
        days_ago=3,
        icp=_PARENTS,
        stage="inbound_flow",
        said=(
            Said("Parents write to us on WhatsApp about the foundation year and we lose track of them."),
            Said(
                "Do they write to one number, and is somebody answering by hand now?",
                {"stage": "inbound_flow"},
            ),
            Said("One number per campus: London, Leeds, Dublin. The counsellors answer when they have time."),
            Said(
                "Then every message to the three numbers becomes a lead of that campus. What must be known before "
                "a counsellor calls: the year of entry, the subject, the language certificate?",
                {"stage": "inbound_flow", "options": ["Year of entry", "Subject", "Language certificate"]},
            ),
            Said("Year of entry and whether they have IELTS. The rest comes up in the call."),
        ),
    ),
    Talk(
        person="Daniel",
        title="Universities in Ireland without an agent",
        days_ago=18,
        icp={
            "outreach_type": "outbound",
            "target_knowledge": "discovery",
            "roles": ["International Recruitment Manager"],
            "industries": ["higher education"],
            "locations": ["Ireland"],
            "company_size": "enterprise",
            "confidence_score": 66,
        },
        search={
            "person_titles": ["International Recruitment Manager"],
            "include_similar_titles": True,
            "organization_locations": ["Ireland"],
            "organization_industries": ["higher education"],
        },
        stage="confirmation",
        profile="Irish universities, international recruitment",
        said=(
            Said("Find us the people who recruit international students at Irish universities."),
            Said(
                "International recruitment managers and similar titles at universities in Ireland. Institutes of "
                "technology as well?",
                {"stage": "confirmation", "options": ["Universities only", "Both"]},
            ),
        ),
    ),
    Talk(
        person="Amara",
        title="Corporate training, first thoughts",
        days_ago=96,
        status=ARCHIVED,
        icp={"outreach_type": "outbound", "roles": ["Head of Learning and Development"], "confidence_score": 35},
        stage="outreach_type",
        said=(
            Said("Could we sell our language courses to companies?"),
            Said("Possibly. Do you know any company that would buy them, or shall we find out together?"),
            Said("Let us leave it for now, the autumn intake comes first."),
        ),
    ),
)

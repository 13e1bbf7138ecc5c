"""Kestrel sells analytics software to other companies."""

from typing import Final

from demo.aiicp.talk import ARCHIVED, COMPLETED, Said, Talk

_HEADS_OF_DATA = {
    "outreach_type": "outbound",
    "target_knowledge": "discovery",
    "roles": ["Head of Data", "VP Data", "Director of Analytics"],
    "industries": ["fintech", "payments"],
    "locations": ["Sweden", "Denmark", "Norway", "Finland"],
    "technologies": ["Snowflake", "dbt"],
    "company_size": "mid-market",
    "deal_type": "annual subscription",
    "problem_statement": "Product and data teams argue about whose numbers are right.",
    "confidence_score": 88,
}

_WAREHOUSE_USERS = {
    "outreach_type": "outbound",
    "target_knowledge": "discovery",
    "roles": ["Analytics Engineer", "Data Platform Lead"],
    "industries": ["e-commerce"],
    "locations": ["Germany", "Austria"],
    "technologies": ["BigQuery"],
    "company_size": "enterprise",
    "confidence_score": 61,
}

_NAMED_ACCOUNTS = {
    "outreach_type": "outbound",
    "target_knowledge": "known",
    "inferred_strategy": "people_search",
    "companies": ["Northwind Freight", "Amberlight Foods", "Solvang Retail"],
    "roles": ["Chief Product Officer"],
    "locations": ["Netherlands"],
    "confidence_score": 93,
}

TALKS: Final = (
    Talk(
        person="Priya",
        title="Heads of data in Nordic fintech",
        days_ago=34,
        status=COMPLETED,
        icp=_HEADS_OF_DATA,
        search={
            "person_titles": ["Head of Data", "VP Data", "Director of Analytics"],
            "organization_locations": ["Sweden", "Denmark", "Norway", "Finland"],
            "organization_industries": ["financial services"],
            "organization_num_employees_ranges": ["51,200", "201,500"],
            "q_organization_keyword_tags": ["fintech", "payments"],
        },
        searched=True,
        stage="ready_for_execution",
        profile="Nordic fintech, heads of data",
        about="Mid-sized payment and lending companies that run Snowflake and have a data team of their own.",
        said=(
            Said("We want to reach people who run data teams in Nordic fintechs."),
            Said(
                "Good start. How large should these companies be: up to 50 people, 50 to 500, or more?",
                {"stage": "outbound_icp_discovery", "options": ["Up to 50", "50 to 500", "More than 500"]},
            ),
            Said("50 to 500. Below that nobody has a data team, above that it takes a year to close."),
            Said(
                "Noted: mid-market. Which titles sign the contract, and which only try the product?",
                {"stage": "outbound_icp_discovery", "extracted": {"company_size": "mid-market"}},
            ),
            Said("Head of Data or VP Data sign. Directors of analytics try it and then bring their boss."),
            Said(
                "Is there a technology they should already have? It often says more than the industry.",
                {"extracted": {"roles": ["Head of Data", "VP Data", "Director of Analytics"]}},
            ),
            Said("Snowflake, ideally with dbt. If they are still on spreadsheets we are too early."),
            Said(
                "Here is the profile: heads of data and VPs in fintech and payments, 50 to 500 people, in the four "
                "Nordic countries, using Snowflake and dbt. Shall I search with it?",
                {"stage": "confirmation", "options": ["Search", "Change something"]},
            ),
            Said("Yes, search. And save it, Tom will want it too.", {"intent": "confirm"}),
            Said(
                "Saved as “Nordic fintech, heads of data”. The search is ready.",
                {"stage": "ready_for_execution"},
            ),
        ),
    ),
    Talk(
        person="Tom",
        title="CPOs at three named accounts",
        days_ago=12,
        status=COMPLETED,
        icp=_NAMED_ACCOUNTS,
        search={
            "person_titles": ["Chief Product Officer"],
            "include_similar_titles": True,
            "organization_locations": ["Netherlands"],
            "q_organization_domains_list": ["northwind-freight.example", "amberlight.example", "solvang.example"],
        },
        searched=True,
        stage="ready_for_execution",
        profile="Dutch named accounts, product leads",
        about="The three accounts of the autumn plan.",
        said=(
            Said("I know whom I want: whoever runs product at Northwind Freight, Amberlight Foods and Solvang Retail."),
            Said(
                "Three companies, one role. All of them in the Netherlands, or their offices abroad as well?",
                {"stage": "outbound_known_target", "extracted": {"companies": _NAMED_ACCOUNTS["companies"]}},
            ),
            Said("Netherlands only. The Belgian offices buy through Amsterdam."),
            Said(
                "Then I look for chief product officers, and similar titles, at these three in the Netherlands.",
                {"stage": "confirmation", "options": ["Search", "Change something"]},
            ),
            Said("Go."),
            Said("The search is ready.", {"stage": "ready_for_execution"}),
        ),
    ),
    Talk(
        person="Tom",
        title="BigQuery shops in Germany and Austria",
        days_ago=2,
        icp=_WAREHOUSE_USERS,
        stage="outbound_icp_discovery",
        said=(
            Said("Who in German e-commerce uses BigQuery and has more than 500 people?"),
            Said(
                "I can look for that. Do you want the people who build on it, or those who pay for it?",
                {"stage": "outbound_icp_discovery", "options": ["Engineers", "Budget owners", "Both"]},
            ),
            Said("Those who build on it. Add Austria."),
            Said(
                "Analytics engineers and data platform leads in e-commerce, Germany and Austria, 500 people or more. "
                "What should they be struggling with, so that the first message can say it?",
                {"extracted": {"locations": ["Germany", "Austria"], "company_size": "enterprise"}},
            ),
        ),
    ),
    Talk(
        person="Maya",
        title="Who asks us for a demo",
        days_ago=71,
        status=ARCHIVED,
        icp={
            "outreach_type": "inbound",
            "inbound_source": ["website", "ads"],
            "inbound_data_ready": True,
            "capture_rules": {"form": "demo request", "minimum_employees": 50},
            "confidence_score": 70,
        },
        stage="inbound_flow",
        profile="Demo requests from the website",
        about="Kept for comparison; the form has changed since.",
        said=(
            Said("Most of our leads come from the website. Can you sort them?"),
            Said(
                "Yes. Where do they come in: a form on the website, adverts, WhatsApp, or your CRM?",
                {"stage": "inbound_flow", "options": ["Website", "Adverts", "WhatsApp", "CRM"]},
            ),
            Said("The demo form, and the adverts lead to the same form."),
            Said("Should I leave somebody out, such as students or very small companies?"),
            Said("Leave out companies under 50 people."),
            Said("Done: demo requests from companies of 50 people or more.", {"stage": "inbound_flow"}),
        ),
    ),
)

"""Harbour & Finch let and manage property in one town."""

from typing import Final

from demo.aiicp.talk import ARCHIVED, COMPLETED, Said, Talk

TALKS: Final = (
    Talk(
        person="Oliver",
        title="Landlords with more than five flats",
        days_ago=9,
        status=COMPLETED,
        icp={
            "outreach_type": "outbound",
            "target_knowledge": "discovery",
            "roles": ["Owner", "Director", "Company Secretary"],
            "industries": ["real estate"],
            "locations": ["Southampton", "Portsmouth"],
            "company_size": "smb",
            "keywords": ["buy to let", "property portfolio"],
            "deal_type": "management contract",
            "confidence_score": 77,
        },
        search={
            "person_titles": ["Owner", "Director", "Company Secretary"],
            "organization_locations": ["Southampton", "Portsmouth"],
            "organization_num_employees_ranges": ["1,10"],
            "q_organization_keyword_tags": ["buy to let", "property portfolio"],
        },
        searched=True,
        stage="ready_for_execution",
        profile="Portfolio landlords, Solent",
        about="Small companies that own five flats or more and manage them themselves.",
        said=(
            Said("I want landlords around Southampton who have more flats than they can look after."),
            Said(
                "How many flats make it too many, in your experience?",
                {"stage": "outbound_icp_discovery", "options": ["Three", "Five", "Ten"]},
            ),
            Said("Five. From there on they ring us about the boiler anyway."),
            Said(
                "Such landlords usually hold the flats in a small company. I look for owners, directors and company "
                "secretaries of property companies with up to ten people in Southampton and Portsmouth.",
                {"stage": "confirmation", "extracted": {"company_size": "smb"}},
            ),
            Said("That is them.", {"intent": "confirm"}),
            Said("The search is ready.", {"stage": "ready_for_execution"}),
        ),
    ),
    Talk(
        person="Chloe",
        title="",
        days_ago=0.2,
        stage="init",
        said=(),
    ),
    Talk(
        person="Chloe",
        title="Residents' associations looking for a manager",
        days_ago=4,
        icp={
            "outreach_type": "outbound",
            "target_knowledge": "discovery",
            "roles": ["Chair", "Secretary"],
            "industries": ["block management"],
            "locations": ["Southampton"],
            "confidence_score": 41,
        },
        said=(
            Said("Which residents' associations are unhappy with their managing agent?"),
            Said("That nobody publishes. Is there a sign of it, such as a planning application or an old building?"),
            Said("Blocks from the sixties with more than twenty flats. They all have the same trouble with lifts."),
            Said(
                "Then chairs and secretaries of residents' associations of such blocks. In Southampton only?",
                {"stage": "outbound_icp_discovery", "extracted": {"roles": ["Chair", "Secretary"]}},
            ),
        ),
    ),
    Talk(
        person="Oliver",
        title="Holiday lets (not for us)",
        days_ago=40,
        status=ARCHIVED,
        stage="outreach_type",
        said=(
            Said("Should we do holiday lets?"),
            Said("I can find their owners, but not tell you whether to. Shall I look for them?"),
            Said("No. Too many keys."),
        ),
    ),
)

"""Conversations of Harbour & Finch, who let and manage property in one town."""

from typing import Final

from demo.aiicp.conversations.scripts import ARCHIVED, COMPLETED, ScriptedConversation, ScriptedMessage

CONVERSATIONS: Final = (
    ScriptedConversation(
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
        messages=(
            ScriptedMessage("I want landlords around Southampton who have more flats than they can look after."),
            ScriptedMessage(
                "How many flats make it too many, in your experience?",
                {"stage": "outbound_icp_discovery", "options": ["Three", "Five", "Ten"]},
            ),
            ScriptedMessage("Five. From there on they ring us about the boiler anyway."),
            ScriptedMessage(
                "Such landlords usually hold the flats in a small company. I look for owners, directors and company "
                "secretaries of property companies with up to ten people in Southampton and Portsmouth.",
                {"stage": "confirmation", "extracted": {"company_size": "smb"}},
            ),
            ScriptedMessage("That is them.", {"intent": "confirm"}),
            ScriptedMessage("The search is ready.", {"stage": "ready_for_execution"}),
        ),
    ),
    ScriptedConversation(
        person="Chloe",
        title="",
        days_ago=0.2,
        stage="init",
        messages=(),
    ),
    ScriptedConversation(
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
        messages=(
            ScriptedMessage("Which residents' associations are unhappy with their managing agent?"),
            ScriptedMessage(
                "That nobody publishes. Is there a sign of it, such as a planning application or an old building?"
            ),
            ScriptedMessage(
                "Blocks from the sixties with more than twenty flats. They all have the same trouble with lifts."
            ),
            ScriptedMessage(
                "Then chairs and secretaries of residents' associations of such blocks. In Southampton only?",
                {"stage": "outbound_icp_discovery", "extracted": {"roles": ["Chair", "Secretary"]}},
            ),
        ),
    ),
    ScriptedConversation(
        person="Oliver",
        title="Holiday lets (not for us)",
        days_ago=40,
        status=ARCHIVED,
        stage="outreach_type",
        messages=(
            ScriptedMessage("Should we do holiday lets?"),
            ScriptedMessage("I can find their owners, but not tell you whether to. Shall I look for them?"),
            ScriptedMessage("No. Too many keys."),
        ),
    ),
)

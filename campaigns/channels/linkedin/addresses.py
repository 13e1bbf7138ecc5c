"""How people are called on LinkedIn."""

from typing import Final

from campaigns.channels.gateway.people import Address
from campaigns.channels.receiving.people import public_identifier

NO_PROFILE: Final = (
    "LAD knows no LinkedIn profile of this lead. Enter its address, such as https://www.linkedin.com/in/maya, on the"
    " lead's page."
)
LINKEDIN_ADDRESS: Final = Address(public_identifier, NO_PROFILE)

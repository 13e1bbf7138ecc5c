"""The servers of carriers."""

from typing import Final

from lad.outgoing import Endpoints

endpoints: Final = Endpoints("VOICE", "https://api.vapi.ai")

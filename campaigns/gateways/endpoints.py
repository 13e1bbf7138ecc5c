"""The servers of networks that campaigns act on."""

from typing import Final

from lad.outgoing import Endpoints

endpoints: Final = Endpoints("OUTREACH", "https://api.unipile.com:13443")

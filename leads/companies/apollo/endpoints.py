"""The servers of directories."""

from typing import Final

from lad.outgoing import Endpoints

endpoints: Final = Endpoints("DIRECTORY", "https://api.apollo.io/api/v1")

"""The servers of language models."""

from typing import Final

from lad.outgoing import Endpoints

endpoints: Final = Endpoints("LLM", "https://api.openai.com/v1", idle_seconds=60)

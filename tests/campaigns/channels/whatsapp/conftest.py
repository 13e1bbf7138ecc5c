"""A WhatsApp number on the sandbox."""

from tests.campaigns.channels.texting import open_policy, person, queue, reported, whatsapp  # noqa: F401  (fixtures)

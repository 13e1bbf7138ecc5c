"""A Twilio account on the sandbox."""

from tests.campaigns.channels.texting import open_policy, person, queue, reported, twilio  # noqa: F401  (fixtures)

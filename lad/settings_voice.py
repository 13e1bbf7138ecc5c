"""The settings of telephony; lad/settings.py takes them over."""

from datetime import timedelta

import environ

env = environ.Env()

# Carriers must have public addresses and https, except for these: names, addresses or networks.
VOICE_INTERNAL_HOSTS = env.list("VOICE_INTERNAL_HOSTS", default=[])
# Carrier accounts on these hosts are marked as Sandbox. They may be internal.
VOICE_SANDBOX_HOSTS = env.list("VOICE_SANDBOX_HOSTS", default=[])
# Certificates to trust beside the system's.
VOICE_CA_FILE = env.str("VOICE_CA_FILE", default="")
# How long LAD waits for an answer of a carrier.
VOICE_TIMEOUT_SECONDS = env.int("VOICE_TIMEOUT_SECONDS", default=15)
# Connections that each process keeps open to all carriers together.
VOICE_OPEN_CONNECTIONS = env.int("VOICE_OPEN_CONNECTIONS", default=50)
# The longest recording that LAD fetches, in bytes.
VOICE_MAX_RECORDING_BYTES = env.int("VOICE_MAX_RECORDING_BYTES", default=200_000_000)
# How long a link to a recording works: longer than somebody listens to it.
VOICE_RECORDING_LINK_LIFETIME = timedelta(seconds=env.int("VOICE_RECORDING_LINK_SECONDS", default=3600))

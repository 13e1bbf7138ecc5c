"""The settings of networks that campaigns act on: LinkedIn, WhatsApp, Instagram and SMS."""

import environ

env = environ.Env()

# The gateway to LinkedIn, Instagram and WhatsApp: one subscription of the installation serves all tenants.
UNIPILE_BASE_URL = env.str("UNIPILE_BASE_URL", default="")
UNIPILE_API_KEY = env.str("UNIPILE_API_KEY", default="")
# The gateway brings it with every report.
UNIPILE_WEBHOOK_SECRET = env.str("UNIPILE_WEBHOOK_SECRET", default="")
# Providers must have public addresses and https, except for these: names, addresses or networks.
OUTREACH_INTERNAL_HOSTS = env.list("OUTREACH_INTERNAL_HOSTS", default=[])
# Accounts on these hosts are marked as Sandbox. They may be internal.
OUTREACH_SANDBOX_HOSTS = env.list("OUTREACH_SANDBOX_HOSTS", default=[])
# Certificates to trust beside the system's.
OUTREACH_CA_FILE = env.str("OUTREACH_CA_FILE", default="")
# How long LAD waits for an answer of a provider.
OUTREACH_TIMEOUT_SECONDS = env.int("OUTREACH_TIMEOUT_SECONDS", default=20)
# Connections that each process keeps open to all providers together.
OUTREACH_OPEN_CONNECTIONS = env.int("OUTREACH_OPEN_CONNECTIONS", default=50)

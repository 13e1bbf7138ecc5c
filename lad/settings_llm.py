"""The settings of language models; lad/settings.py takes them over."""

import environ

env = environ.Env()

# Endpoints of models must have public addresses and https, except for these: names, addresses or networks.
LLM_INTERNAL_HOSTS = env.list("LLM_INTERNAL_HOSTS", default=[])
# Connections to these hosts are marked as Sandbox. They may be internal.
LLM_SANDBOX_HOSTS = env.list("LLM_SANDBOX_HOSTS", default=[])
# Certificates to trust beside the system's, for an endpoint of one's own.
LLM_CA_FILE = env.str("LLM_CA_FILE", default="")
# Connections that each process keeps open to all endpoints together.
LLM_OPEN_CONNECTIONS = env.int("LLM_OPEN_CONNECTIONS", default=1_000)
# After so many failures in a row an endpoint is left alone for so long; then one call tries it again.
LLM_BREAKER_FAILURES = env.int("LLM_BREAKER_FAILURES", default=5)
LLM_BREAKER_SECONDS = env.int("LLM_BREAKER_SECONDS", default=30)

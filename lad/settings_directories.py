"""The settings of directories of companies and people; lad/settings.py takes them over."""

import environ

env = environ.Env()

# Directories must have public addresses and https, except for these: names, addresses or networks.
DIRECTORY_INTERNAL_HOSTS = env.list("DIRECTORY_INTERNAL_HOSTS", default=[])
# Accounts on these hosts are marked as Sandbox. They may be internal.
DIRECTORY_SANDBOX_HOSTS = env.list("DIRECTORY_SANDBOX_HOSTS", default=[])
# Certificates to trust beside the system's.
DIRECTORY_CA_FILE = env.str("DIRECTORY_CA_FILE", default="")
# How long LAD waits for an answer of a directory.
DIRECTORY_TIMEOUT_SECONDS = env.int("DIRECTORY_TIMEOUT_SECONDS", default=30)
# Connections that each process keeps open to all directories together.
DIRECTORY_OPEN_CONNECTIONS = env.int("DIRECTORY_OPEN_CONNECTIONS", default=50)

# How long a stored page of a search is used before the directory is asked again.
DIRECTORY_PEOPLE_HOURS = env.int("DIRECTORY_PEOPLE_HOURS", default=24)
DIRECTORY_COMPANIES_HOURS = env.int("DIRECTORY_COMPANIES_HOURS", default=24)
# How long a phone number may take to arrive before its credits are released.
DIRECTORY_PHONE_HOURS = env.int("DIRECTORY_PHONE_HOURS", default=24)

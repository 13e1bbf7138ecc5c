"""The names of LAD's database and of its roles, and what its database keeps out of the server's log."""

DATABASE = "lad"
OWNER = "lad_owner"
WEB = "lad_web"
APP = "lad_app"
PLATFORM = "lad_platform"

# As lad/db/server_log.py explains. Importing that would load all of LAD into the supervisor.
LOG_SETTINGS = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}

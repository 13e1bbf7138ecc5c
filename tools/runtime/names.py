"""The names of LAD's database and of its roles."""

DATABASE = "lad"
OWNER = "lad_owner"
WEB = "lad_web"
APP = "lad_app"
PLATFORM = "lad_platform"

"""The embedded PostgreSQL and Valkey, and the ``up`` command that runs all of LAD on one machine."""

"""The embedded PostgreSQL and Valkey, and the ``up`` command, which runs all of LAD on one machine."""

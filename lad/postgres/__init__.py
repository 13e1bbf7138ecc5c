"""The database engine: PostgreSQL with fewer round trips and less compiling."""

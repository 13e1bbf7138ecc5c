"""Find people in the admin: search, reveal, save and enrol."""

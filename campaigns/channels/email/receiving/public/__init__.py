"""Pages that recipients of messages reach without signing in."""

"""Outside systems that take money."""

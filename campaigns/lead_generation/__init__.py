"""Find new leads for running campaigns, some each day."""

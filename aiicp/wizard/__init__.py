"""Ask a new tenant, step by step, whom it sells to and how, and make a draft campaign of the answers."""

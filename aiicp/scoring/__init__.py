"""Score leads and companies against a customer profile by rules, and say why."""

"""LinkedIn, through the gateway."""

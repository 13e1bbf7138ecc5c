"""Instagram, through the gateway."""

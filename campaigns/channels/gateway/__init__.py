"""What the channels that go through the gateway share: LinkedIn, Instagram, and WhatsApp without a business account."""

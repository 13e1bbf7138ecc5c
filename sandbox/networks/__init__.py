"""What the stand-ins for LinkedIn, WhatsApp, Instagram and SMS share: people, what reached them, and callbacks."""

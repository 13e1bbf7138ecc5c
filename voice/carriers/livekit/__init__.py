"""LiveKit: SIP participants, agents and recordings over its HTTP API, and its webhooks."""

"""LAD's agent worker: it joins the rooms of calls at a LiveKit server, and speaks.

It runs beside a LiveKit server, in an environment of its own, and imports nothing of LAD: what it must know of a call
comes with the dispatch, and what it has to say goes to LAD's callback address, signed as LiveKit's webhooks are. See
docs/voice-worker.md.

``briefs``, ``reports``, ``transcripts`` and ``usage`` need no library, so that LAD's own tests hold them to LAD's side.
"""

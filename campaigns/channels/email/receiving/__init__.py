"""Everything that comes back: answers, bounces, complaints, requests to unsubscribe, openings and clicks."""

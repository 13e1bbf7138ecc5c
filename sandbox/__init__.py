"""One local process that stands in for outside providers: mail servers, the people behind them, DNS and OAuth.

Everything it does follows from its seed and from what it is sent. Its log says what really happened, so tests and
benchmarks compare LAD with it. It imports no LAD app, listens on 127.0.0.1 only and connects to nothing else.
"""

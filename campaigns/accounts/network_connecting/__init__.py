"""Connect accounts on LinkedIn, WhatsApp and Instagram through the gateway, connect them again, and disconnect them.

Functions that ask the gateway return an ``Answer`` and write nothing; they run outside any scope. ``keeping.keep``
writes what they found out.
"""

"""What comes back on networks other than e-mail: messages, and what became of those that were sent.

Receivers of all providers translate their reports into these and hand them over, in the scope of the account's tenant.
"""

from campaigns.channels.receiving.incoming import Incoming, Progress
from campaigns.channels.receiving.progress import record_progress
from campaigns.channels.receiving.recording import record_incoming

__all__ = ["Incoming", "Progress", "record_incoming", "record_progress"]

"""The queue of messages and other actions of all channels: claimed when due, sent once, looked for when lost."""

"""Which runs retell history: the patterns P1-P14."""

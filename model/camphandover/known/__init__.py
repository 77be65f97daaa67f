"""The dated record of what happened, and what it says of a state."""

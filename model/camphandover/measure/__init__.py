"""Every number that is read from a run."""

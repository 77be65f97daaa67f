"""What the patterns P1-P14 measure of a run."""

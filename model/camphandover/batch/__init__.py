"""Batches: planned in blocks, run in parallel, stored whole."""

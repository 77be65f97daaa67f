"""Robust handover search: under which conditions a base is lost."""

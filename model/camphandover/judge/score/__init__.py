"""Forecasts of control scored against the dated record."""

"""Whether the model is right: its forecasts against the dated record, and patterns."""

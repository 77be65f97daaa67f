"""The page of validation."""

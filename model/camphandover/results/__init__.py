"""Results of a batch as labelled data."""

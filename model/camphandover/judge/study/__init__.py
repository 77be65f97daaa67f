"""What-if questions that take many batches: sensitivity, calibration, discovery."""

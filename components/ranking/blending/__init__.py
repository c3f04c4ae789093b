"""What a blend of rankers is made of: weights, calibration, the part of typed texts."""

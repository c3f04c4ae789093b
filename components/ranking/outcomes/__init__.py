"""What may come of a candidate that is shown: the heads of rankers, blended and calibrated."""

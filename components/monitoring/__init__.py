"""Whether features and tables are still what rankers were built on: health, drift and training-serving skew."""

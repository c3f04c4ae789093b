"""What metier makes of language: the skills that a text names. Knows no kfp, no Ray and no network of rankers."""

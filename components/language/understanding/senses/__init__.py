"""What a word means where it stands among the others of its sentence."""

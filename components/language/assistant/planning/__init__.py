"""What a turn asks for: a move, chosen by rules or by a model, and the call of a tool that it means."""

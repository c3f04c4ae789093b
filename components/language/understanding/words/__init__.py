"""The words of searches, by what they mean in one."""

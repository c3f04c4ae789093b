"""What is seen of a replica from outside: figures for Prometheus, a line for each request of note, traces."""

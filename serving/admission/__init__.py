"""What a replica takes on: requests by their arrival and their callers, and threads with bounded queues."""

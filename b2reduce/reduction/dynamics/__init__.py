"""What `tau=` chooses: how fast a rate model follows."""

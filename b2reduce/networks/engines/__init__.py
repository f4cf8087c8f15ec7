"""What `simulate_spikes(engine=)` chooses: one file an engine."""

"""How spikes change what the next ones release."""

"""The kinds of synapses, one file a kind."""

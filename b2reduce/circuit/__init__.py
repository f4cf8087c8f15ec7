"""What the user writes: cells, populations, synapses, drives, read and checked."""

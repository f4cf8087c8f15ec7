"""Results as plain data and back: what may be written, how, and what is checked when it is read."""

"""A benchmark of reductions: thirty circuits, their spiking rates, and a score for any table of predictions."""

"""What asv times; nothing of it is installed."""

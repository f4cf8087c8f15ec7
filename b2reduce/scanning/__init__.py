"""Many circuits: scans, maps, and questions about changed parameters."""

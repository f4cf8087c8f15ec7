"""The feedback of a network beside its operating point: as its uncoupled cells answer, with delays."""

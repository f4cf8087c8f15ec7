"""The levels of rate models, one file a level."""

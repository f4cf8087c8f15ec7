"""Reading networks that users have written."""

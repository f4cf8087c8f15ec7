"""Scripts that print the numbers behind the claims of the README."""

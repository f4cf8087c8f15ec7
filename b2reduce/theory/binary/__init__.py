"""Networks of binary cells and their mean field."""

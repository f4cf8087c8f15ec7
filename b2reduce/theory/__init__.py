"""What follows from a rate model, and models that have a theory of their own.

Fixed points, continuation, rings, binary cells.
"""

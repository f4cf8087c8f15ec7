"""What follows from a rate model, and models that have a theory of their own: fixed points, continuation, rings, binary cells."""

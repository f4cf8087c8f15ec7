"""What is measured of uncoupled cells: f-I surfaces, responses, transfer functions, adaptation, and the gains fitted to them."""

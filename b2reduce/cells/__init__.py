"""What is measured of uncoupled cells.

F-I surfaces, responses, transfer functions, adaptation, and the gains fitted to them.
"""

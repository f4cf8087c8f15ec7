"""What every room uses.

Units, errors, checks of arguments, files, records, random streams, progress, the compiler.
"""

"""Kinds of C++ compilers, and the systems that they make code for."""

"""How results are shown, written and read back: plots, pages, notebooks, files."""

"""``python -m b2reduce`` is the command ``b2reduce``."""

from .cli.commands import main

if __name__ == "__main__":
    main()

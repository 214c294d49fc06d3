"""`python -m eventy`: the command, where its script isn't installed."""

import sys

from eventy.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

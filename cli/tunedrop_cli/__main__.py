"""`python -m tunedrop_cli`: the `tunedrop` command for when its script is not on the PATH."""

import sys

from tunedrop_cli.main import main

if __name__ == "__main__":
    sys.exit(main())

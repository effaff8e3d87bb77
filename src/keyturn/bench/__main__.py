"""`python -m keyturn.bench NAME …`: what `keyturn bench` delegates to."""

import sys

from keyturn.bench import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]))

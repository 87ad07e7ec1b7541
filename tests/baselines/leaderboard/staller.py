"""A server that takes every request and answers none; it says its address as the leaderboard's servers do.

python -m tests.baselines.leaderboard.staller
"""

from __future__ import annotations

import socket
import sys


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}/v1\n")
        sys.stdout.flush()
        taken = []
        while True:
            taken.append(listening.accept())


if __name__ == "__main__":
    main()

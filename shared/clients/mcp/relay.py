"""`python relay.py MAX_BYTES COMMAND…`: runs a server of standard input and output, and ends it
when a line of its output is longer than that, which the `mcp` package would take in whole."""

import subprocess
import sys


def main() -> None:
    """Pass the server's lines on until it ends; its input is ours."""
    most = int(sys.argv[1])
    with subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None  # noqa: S101  it was asked for
        while line := server.stdout.readline(most + 1):
            if len(line) > most:
                server.kill()
                break
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""`python -m infra.local`."""

import signal

# Until the command line waits for it, Ctrl-C ends this without a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from infra.local.command_line import main  # noqa: E402

if __name__ == "__main__":
    main()

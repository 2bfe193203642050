"""What tests of running servers share: a port that nobody has, patience, and an end."""
import socket
import subprocess
import time
import urllib.error

PATIENCE_S = 90  # How long anything may take before a test gives up; nothing is asserted about how long it takes.


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, condition):
    """The first true value of condition(); a refused connection counts as not yet."""
    deadline = time.monotonic() + PATIENCE_S
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (urllib.error.URLError, ConnectionError) as error:
            last = error
        time.sleep(0.2)
    raise AssertionError(f"gave up waiting until {what}; last seen: {last}")


def end_all(processes):
    """Ends them, the last that was started first; those that do not end are killed."""
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

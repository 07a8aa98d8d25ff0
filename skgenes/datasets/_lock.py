"""One process at a time for each file, without locks that outlive a process."""

import time
from contextlib import contextmanager

SECONDS_BETWEEN_TRIES = 0.1


@contextmanager
def locked(path):
    """Hold the lock of the file at `path`; wait while another process or thread has it.

    The system gives the lock back when its holder ends, however it ends. The empty file stays:
    deleting it would let two processes lock two files of one name.
    """
    with open(path, "a+b") as file:
        while not _try_lock(file):
            time.sleep(SECONDS_BETWEEN_TRIES)
        yield


def _try_lock(file):
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise OSError(
            f"The file system of {file.name} cannot lock files ({error}), so two downloads could "
            "mix. Set SKGENES_DATA_HOME or data_home to a folder on a local disk."
        ) from error
    return True


def _lock(file):
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""Writing a file so that it is the old one or the new one, never half of it."""

import os
import secrets
import stat
from contextlib import suppress


def write_atomically(path, write):
    """Write a file through a temporary one beside it.

    Parameters
    ----------
    path : str or path-like
        Where to write. A symbolic link is followed.
    write : callable
        Is handed a binary file, open for reading and writing.

    Raises
    ------
    OSError
        If the folder does not exist or `path` is something other than a file. Whatever goes
        wrong, what was at `path` stays and no temporary file is left.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.utils import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "panel.grp")
    ...     write_atomically(path, lambda file: file.write(b"TP53"))
    ...     os.listdir(folder)
    ['panel.grp']
    """
    target = os.path.realpath(os.fsdecode(path))
    mode = _mode_of(target)
    temporary = os.path.join(os.path.dirname(target), f".skgenes-{secrets.token_hex(8)}.tmp")
    try:
        # Not from tempfile, whose files only their owner may read: the umask decides here.
        with open(temporary, "x+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _mode_of(target):
    """Permissions of the file to be replaced, or None if there is none."""
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"There is no folder {folder!r} to save into. Make it first.")
    if os.path.isdir(target):
        raise IsADirectoryError(f"{target!r} is a folder. Pass the path of a file in it.")
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OSError(f"{target!r} is not an ordinary file and will not be replaced.")
    return stat.S_IMODE(mode)

"""What is raised when a file is not what its format says."""


class FileFormatError(ValueError):
    """Raised by the readers of `skgenes.io` when a file breaks its format.

    Notes
    -----
    A `ValueError`, so that code which does not know this class can still catch it. The message
    names the file, the line or the place in it, what was expected and what was found.

    Examples
    --------
    >>> from skgenes.io import FileFormatError
    >>> issubclass(FileFormatError, ValueError)
    True
    """


def shown(text, most=60):
    """Text as it goes into a message: quoted, and cut when it is long."""
    return repr(text) if len(text) <= most else repr(f"{text[:most]}...")

"""What is raised when a file is not what its format says."""


class FileFormatError(ValueError):
    """Raised by readers when a file breaks its format.

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

"""What is raised when a file is not what it should be."""


class InvalidFileError(ValueError):
    """Raised by `load` when a file is damaged or is not one that `save` wrote.

    Notes
    -----
    A `ValueError`, so that code which does not know this class can still catch it. The message
    names the file and what is wrong with it.

    Examples
    --------
    >>> from skgenes.persistence import InvalidFileError
    >>> issubclass(InvalidFileError, ValueError)
    True
    """

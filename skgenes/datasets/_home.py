"""The folder where fetched files are kept."""

import os
from pathlib import Path

VARIABLE = "SKGENES_DATA_HOME"
FIRST_LINE = "# fetched by skgenes from "


def import_pooch():
    """Import pooch, or say how to get it."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "Fetching data needs pooch. Install it: pip install skgenes[datasets]"
        ) from error
    return pooch


def get_data_home(data_home=None):
    """Return the folder where fetched files are kept, and make it if it is not there.

    Parameters
    ----------
    data_home : str, path-like or None, default=None
        The folder. None takes the environment variable ``SKGENES_DATA_HOME``, and if that is not
        set, ``skgenes`` in the platform's folder for caches.

    Returns
    -------
    pathlib.Path
        The folder, absolute.

    Raises
    ------
    ImportError
        If only the platform's folder is left, which pooch knows, and pooch is not installed.
    OSError
        If the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> from skgenes.datasets import get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     get_data_home(folder + "/genes").is_dir()
    True
    """
    if data_home is None:
        data_home = os.environ.get(VARIABLE) or import_pooch().os_cache("skgenes")
    home = Path(data_home).expanduser().absolute()
    home.mkdir(parents=True, exist_ok=True)
    return home


def clear_data_home(data_home=None):
    """Delete the fetched files.

    Parameters
    ----------
    data_home : str, path-like or None, default=None
        The folder, as in `get_data_home`.

    Notes
    -----
    Deleted are the files that skgenes fetched or verified, known by the ``.sha256`` file beside
    each, what is left of downloads that were cut off, and the folder if it is empty then. All else
    stays. Do not call it while something is being fetched.

    Examples
    --------
    >>> import tempfile
    >>> from skgenes.datasets import clear_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clear_data_home(folder + "/genes")
    """
    home = get_data_home(data_home)
    for record in home.glob("*.sha256"):
        if record.read_text(encoding="utf-8", errors="replace").startswith(FIRST_LINE):
            record.with_suffix("").unlink(missing_ok=True)
            record.unlink()
    for lock in home.glob(".*.lock"):
        name = lock.name.removeprefix(".").removesuffix(".lock")
        for left_over in (f"{name}.part", f"{name}.part.json"):
            (home / left_over).unlink(missing_ok=True)
        lock.unlink()
    if not any(home.iterdir()):
        home.rmdir()

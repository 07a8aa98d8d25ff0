"""Files that live elsewhere: fetched once, kept, and verified whenever they are used."""

import hashlib
import re
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from sklearn.utils._param_validation import Interval, validate_params

from skgenes.datasets._download import ResumingDownloader
from skgenes.datasets._home import FIRST_LINE, get_data_home, import_pooch
from skgenes.datasets._lock import locked
from skgenes.utils import write_atomically

OWN_ENDINGS = (".sha256", ".part", ".part.json")


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server.

    Parameters
    ----------
    url : str
        Where it is.
    name : str
        What it is called in the data home.
    checksum : str or None, default=None
        "algorithm:hexadecimal digest", or None if none is published.
    """

    url: str
    name: str
    checksum: str | None = None


@validate_params(
    {
        "url": [str],
        "sha256": [str, None],
        "name": [str, None],
        "data_home": [str, PathLike, None],
        "n_retries": [Interval(Integral, 0, None, closed="left")],
        "delay": [Interval(Real, 0, None, closed="left")],
        "timeout": [Interval(Real, 0, None, closed="neither")],
        "progress": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_file(
    url,
    *,
    sha256=None,
    name=None,
    data_home=None,
    n_retries=3,
    delay=1.0,
    timeout=60.0,
    progress=False,
):
    """Download a file unless it is there already, verify it, and return where it is.

    Parameters
    ----------
    url : str
        Where the file is: http or https. Nothing else is asked for, but redirections are followed.
    sha256 : str or None, default=None
        SHA-256 that the file must have, 64 hexadecimal digits. None takes the one that was recorded
        when the file was first fetched; a first download is believed.
    name : str or None, default=None
        What to call the file in the data home. None takes the last part of the URL.
    data_home : str, path-like or None, default=None
        Folder for fetched files, as in `get_data_home`.
    n_retries : int, default=3
        How often to try again if the connection breaks or the server is busy.
    delay : float, default=1.0
        Seconds before the first new try; doubled for each further one.
    timeout : float, default=60.0
        Seconds without a sign of life after which a connection counts as broken.
    progress : bool, default=False
        Whether to show a progress bar; needs rich.

    Returns
    -------
    pathlib.Path
        The verified file.

    Raises
    ------
    ConnectionError
        If the server cannot be reached or the connection keeps breaking. What has arrived is kept,
        and the next call goes on from there.
    OSError
        If the server refuses, or the file cannot be written.
    ValueError
        If the file has another checksum than it should, or is there already from another URL, or a
        parameter is not as described. A download with a wrong checksum is deleted; a file that was
        there before is left as it is.
    ImportError
        If the file has to be downloaded and pooch is not installed.

    Notes
    -----
    Beside the file, ``<name>.sha256`` has its SHA-256, in the form that ``sha256sum --check``
    reads; whenever the file is used it is read once more and compared. So without `sha256` a change
    on this machine is noticed, but nothing tells whether the first download was right: that needs
    a published checksum.

    Without internet: put the file into the data home yourself, under its name.

    A broken download goes on where it stopped if the server says, by ETag or Last-Modified, that
    the file is still the same, and starts again otherwise. Several processes may ask for a file at
    the same time: one downloads and the others wait.

    Examples
    --------
    >>> from skgenes.datasets import fetch_file
    >>> path = fetch_file("https://example.org/genes.gct")  # doctest: +SKIP
    """
    url_name = unquote(PurePosixPath(urlsplit(url).path).name)
    file = RemoteFile(
        url=url,
        name=url_name if name is None else name,
        checksum=sha256_checksum(sha256),
    )
    transfer = {"n_retries": n_retries, "delay": delay, "timeout": timeout, "progress": progress}
    path = fetch(file, data_home, **transfer)
    recorded = _recorded(path)["url"]
    if recorded != url:
        raise ValueError(
            f"{path} was fetched from {recorded}, not from {url}. Pass another name=..., or delete "
            "it to download it from there."
        )
    return path


def fetch(file, data_home=None, *, n_retries=3, delay=1.0, timeout=60.0, progress=False):
    """Fetch a `RemoteFile` as `fetch_file` does, wherever it was fetched from before."""
    _check_file(file)
    path = get_data_home(data_home) / file.name
    with locked(path.with_name(f".{file.name}.lock")):
        if not path.exists():
            part = path.with_name(f"{file.name}.part")
            downloader = ResumingDownloader(
                part, n_retries=n_retries, delay=delay, timeout=timeout, progress=progress
            )
            _download(file, path, downloader)
        _verify(file, path)
    return path


def sha256_checksum(sha256):
    """Turn what a user passes as ``sha256`` into the checksum of a `RemoteFile`."""
    if sha256 is None:
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ValueError(f"sha256 must be 64 hexadecimal digits, got {sha256!r}.")
    return f"sha256:{sha256.lower()}"


def _check_file(file):
    if urlsplit(file.url).scheme not in ("http", "https"):
        raise ValueError(f"url must begin with http:// or https://, got {file.url!r}.")
    if not re.fullmatch(r"[^./\\:][^/\\:]*", file.name) or file.name.endswith(OWN_ENDINGS):
        raise ValueError(
            f"{file.name!r} cannot be the name of a file in the data home. Pass name=... without "
            f"folders, not beginning with a dot or ending with {' or '.join(OWN_ENDINGS)}."
        )


def _download(file, path, downloader):
    pooch = import_pooch().create(
        path=path.parent,
        base_url="",
        registry={file.name: file.checksum},
        urls={file.name: file.url},
    )
    try:
        pooch.fetch(file.name, downloader=downloader)
    except OSError as error:
        kind = ConnectionError if isinstance(error, ConnectionError) else OSError
        raise kind(_by_hand(file, path, error)) from error
    except ValueError as error:
        raise ValueError(
            f"What {file.url} gave does not have the checksum {file.checksum}, and was deleted. "
            "Either it was damaged on the way: try again; or the file on the server is another one "
            f"now: find out which checksum is right. ({error})"
        ) from error


def _by_hand(file, path, error):
    checksum = (
        f"its checksum must be {file.checksum}"
        if file.checksum
        else "no checksum is known; the first one found is recorded"
    )
    return (
        f"Could not download {file.url}: {error}. What has arrived of it is kept: the next call "
        f"goes on from there. Without internet, put the file here by hand: {path} ({checksum})."
    )


def _verify(file, path):
    """Compare the file with its checksum, and record its SHA-256 if that is not done yet."""
    recorded = _recorded(path)
    expected = file.checksum or recorded["checksum"]
    found = {"sha256": _digest(path, "sha256")}
    if expected:
        algorithm, digest = expected.split(":")
        if algorithm not in found:
            found[algorithm] = _digest(path, algorithm)
        if found[algorithm] != digest:
            source = "passed or published" if file.checksum else "recorded when it was fetched"
            raise ValueError(
                f"{path} has the checksum {algorithm}:{found[algorithm]}, but the one {source} is "
                f"{expected}. Delete the file to download it again."
            )
    if recorded["checksum"] != f"sha256:{found['sha256']}":
        text = f"{FIRST_LINE}{file.url}\n{found['sha256']}  {file.name}\n".encode()
        write_atomically(_record(path), lambda record: record.write(text))


def _digest(path, algorithm):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _record(path):
    return path.with_name(f"{path.name}.sha256")


def _recorded(path):
    """Return the URL and checksum beside the file, or None for each."""
    try:
        lines = _record(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {"url": None, "checksum": None}
    if len(lines) != 2 or not lines[0].startswith(FIRST_LINE):
        raise ValueError(
            f"{_record(path)} is not a record that skgenes wrote. Move it away and try again."
        )
    return {"url": lines[0].removeprefix(FIRST_LINE), "checksum": f"sha256:{lines[1].split()[0]}"}

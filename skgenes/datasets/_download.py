"""A downloader for pooch that goes on where a broken download stopped."""

import json
import os
import re
import time
from contextlib import contextmanager
from pathlib import Path

from skgenes.utils import write_atomically

CHUNK = 2**20
TO_TRY_AGAIN = (408, 429, 500, 502, 503, 504)
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class ResumingDownloader:
    """Download over HTTP into a ``.part`` file, which a later call takes up again.

    pooch's own downloader starts again from the first byte. A part is continued only if the server
    says by ETag or Last-Modified that the file is still the same; beside it, ``.part.json`` has the
    URL, that mark and the size.

    Parameters
    ----------
    part : pathlib.Path
        Where the part is. Nobody else may write to it.
    n_retries : int
        How often to try again after a connection broke or the server was busy.
    delay : float
        Seconds before the first new try; doubled for each further one.
    timeout : float
        Seconds without a sign of life after which a connection counts as broken.
    progress : bool
        Whether to show a progress bar.
    """

    def __init__(self, part, *, n_retries, delay, timeout, progress):
        self.part = part
        self.notes = Path(f"{part}.json")
        self.n_retries = n_retries
        self.delay = delay
        self.timeout = timeout
        self.progress = progress

    def __call__(self, url, output_file, pooch):
        """Download `url` to the path `output_file`; `pooch` is not used."""
        # pooch has made it, empty; if this process is killed nobody would delete it.
        os.unlink(output_file)
        for attempt in range(self.n_retries + 1):
            try:
                self._go_on(url)
                break
            except ConnectionError:
                if attempt == self.n_retries:
                    raise
                time.sleep(self.delay * 2**attempt)
        self.notes.unlink()
        os.replace(self.part, output_file)

    def _go_on(self, url):
        """Get what is missing, if anything is."""
        notes = self._read_notes(url)
        if notes and notes["size"] == self._n_bytes():
            return
        if not self._request(url, notes):
            self._request(url, None)

    def _request(self, url, notes):
        """Make one request. Return False if there is a part which the answer does not continue."""
        import requests
        from urllib3.exceptions import HTTPError

        headers = self._headers(notes)
        try:
            with requests.get(url, headers=headers, stream=True, timeout=self.timeout) as response:
                if notes and response.status_code in (206, 416):
                    if not _continues(response, notes, self._n_bytes()):
                        return False
                else:
                    _check_status(response)
                    notes = self._start(url, response)
                self._append(response, notes["size"])
        except (requests.RequestException, HTTPError) as error:
            kind = OSError if _is_lasting(error) else ConnectionError
            raise kind(f"{type(error).__name__}: {error}") from error
        if notes["size"] is not None and self._n_bytes() != notes["size"]:
            raise ConnectionError(f"the connection ended after {self._n_bytes()} bytes")
        return True

    def _headers(self, notes):
        # Identity: bytes are counted, and a .gz must stay one.
        headers = {"Accept-Encoding": "identity"}
        if notes:
            headers |= {"Range": f"bytes={self._n_bytes()}-", "If-Range": notes["mark"]}
        return headers

    def _n_bytes(self):
        return self.part.stat().st_size

    def _read_notes(self, url):
        """Return the notes on the part, or None if there is nothing to go on from."""
        try:
            notes = json.loads(self.notes.read_text(encoding="utf-8"))
            usable = notes["url"] == url and notes["mark"] and self._n_bytes() > 0
            too_long = notes["size"] is not None and self._n_bytes() > notes["size"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return notes if usable and not too_long else None

    def _start(self, url, response):
        """Begin an empty part; a crash in between leaves a part without notes, so of no use."""
        self.notes.unlink(missing_ok=True)
        self.part.write_bytes(b"")
        notes = {"url": url, "mark": _mark(response), "size": _size(response)}
        text = json.dumps(notes).encode()
        write_atomically(self.notes, lambda file: file.write(text))
        return notes

    def _append(self, response, size):
        with open(self.part, "ab") as file, _bar(self.progress, self.part.stem, size) as advance:
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                advance(file.tell())
            file.flush()
            os.fsync(file.fileno())


def _mark(response):
    """Return what tells this version of the file from another one, or None."""
    tag = response.headers.get("ETag")
    # A weak ETag may stand for two versions that differ in bytes, and is not allowed in If-Range.
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _size(response):
    size = response.headers.get("Content-Length", "")
    return int(size) if size.isdigit() else None


def _continues(response, notes, n_bytes):
    """Tell whether the answer is the rest of the file that the part is of.

    If-Range sees to that, but not every server heeds it.
    """
    found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return (
        response.status_code == 206
        and found is not None
        and int(found[1]) == n_bytes
        and notes["size"] in (int(found[2]), None)
        and _mark(response) in (notes["mark"], None)
    )


def _check_status(response):
    if response.status_code != 200:
        kind = ConnectionError if response.status_code in TO_TRY_AGAIN else OSError
        raise kind(f"the server answered {response.status_code} {response.reason}")


def _is_lasting(error):
    """Tell whether it is of no use to try again."""
    from requests import exceptions

    lasting = (
        exceptions.InvalidURL,
        exceptions.MissingSchema,
        exceptions.InvalidSchema,
        exceptions.TooManyRedirects,
        exceptions.SSLError,
    )
    return isinstance(error, lasting)


@contextmanager
def _bar(progress, name, size):
    """Show a progress bar, if asked to; give a function that is told the number of bytes."""
    if not progress:
        yield lambda n_bytes: None
        return
    with import_rich_progress().Progress() as bar:
        task = bar.add_task(name, total=size)
        yield lambda n_bytes: bar.update(task, completed=n_bytes)


def import_rich_progress():
    """Import rich's progress bars, or say how to get them."""
    try:
        import rich.progress
    except ImportError as error:
        raise ImportError(
            "A progress bar needs rich. Install it: pip install skgenes[progress]"
        ) from error
    return rich.progress

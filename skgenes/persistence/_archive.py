"""The container: an uncompressed zip archive with a digest of itself as its comment."""

import hashlib
import os
import struct
import zipfile

from skgenes.persistence._errors import InvalidFileError

ENTRIES = ("manifest.json", "tensors.safetensors")
_DIGEST_SIZE = 2 * hashlib.sha256().digest_size
_MAGIC = b"PK\x03\x04"
_CHUNK = 1 << 20
# Of any time and any system, so that the same estimator gives the same bytes.
_OLDEST_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX, _PERMISSIONS = 3, 0o100644
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


def write_archive(file, contents):
    """Write an archive.

    Parameters
    ----------
    file : binary file
        Empty, open for reading and writing.
    contents : sequence of bytes
        What goes into the `ENTRIES`, in their order.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in zip(ENTRIES, contents, strict=True):
            entry = zipfile.ZipInfo(name, _OLDEST_TIME)
            entry.create_system, entry.external_attr = _UNIX, _PERMISSIONS << 16
            archive.writestr(entry, content)
        archive.comment = b"0" * _DIGEST_SIZE
    size = file.seek(0, os.SEEK_END) - _DIGEST_SIZE
    digest = _digest(file, size)
    file.seek(size)
    file.write(digest)


def read_archive(file):
    """Read an archive, after checking every byte of it.

    Parameters
    ----------
    file : binary file
        Open for reading.

    Returns
    -------
    list of bytes
        Contents of the `ENTRIES`.

    Raises
    ------
    InvalidFileError
        If the file is damaged, or has anything but the two uncompressed entries.
    """
    size = _check_digest(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_entries(entries, size)
            return [archive.read(entry) for entry in entries]
    except InvalidFileError:
        raise
    except _ZIP_ERRORS as error:
        raise InvalidFileError(f"it is not a valid zip archive: {error}") from None


def _check_digest(file):
    """Compare the digest at the end with the bytes before it; give the size of the file."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise InvalidFileError("it is empty")
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        raise InvalidFileError("it does not begin like a file written by skgenes.save")
    digest = _digest(file, max(size - _DIGEST_SIZE, 0))
    # Letter by letter: as a number, a digest in upper case would pass.
    if file.read() != digest:
        raise InvalidFileError(
            "it is damaged or incomplete: the digest at its end is not that of its bytes. Copy it "
            "again from where it came"
        )
    return size


def _digest(file, size):
    """SHA-256 of the first bytes, in hexadecimal; the file is left behind them."""
    digest = hashlib.sha256()
    file.seek(0)
    while size:
        chunk = file.read(min(size, _CHUNK))
        if not chunk:
            raise InvalidFileError("it became shorter while it was read")
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode("ascii")


def _check_entries(entries, size):
    names = [entry.orig_filename for entry in entries]
    if names != list(ENTRIES):
        raise InvalidFileError(f"it should hold {list(ENTRIES)} and nothing else, not {names[:5]}")
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise InvalidFileError(
                f"{entry.filename} is compressed; skgenes.save compresses nothing"
            )
        if entry.flag_bits:
            raise InvalidFileError(f"{entry.filename} is encrypted or otherwise unusual")
    # Before anything is read into memory.
    if sum(entry.file_size for entry in entries) > size:
        raise InvalidFileError("its entries are said to be larger than the file")

"""Checks of what a file says, shared by all that decodes it."""

from skgenes.persistence._errors import InvalidFileError


def known(name, table, what, path):
    """Name of something in `table`, or an error."""
    if not isinstance(name, str) or name not in table:
        raise invalid(path, f"is of the {what} {name!r}, which is not one that can be loaded")
    return name


def check_keys(content, keys, path):
    """Refuse a JSON object that does not have exactly these keys."""
    if not isinstance(content, dict) or content.keys() != keys:
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise invalid(path, f"should have the keys {sorted(keys)}, not {found!r:.80}")


def checked(content, kind, path):
    """JSON value of one kind, or an error."""
    if not isinstance(content, kind):
        raise invalid(path, f"should be a {kind.__name__}, not {content!r:.80}")
    return content


def bytes_of(text, size, path):
    """Bytes written in hexadecimal."""
    try:
        bits = bytes.fromhex(checked(text, str, path))
    except ValueError:
        bits = b""
    if len(bits) != size:
        raise invalid(path, f"should be {size} bytes in hexadecimal, not {text!r:.80}")
    return bits


def where(path):
    """Place in the tree, for messages."""
    return ".".join(path) or "the whole"


def invalid(path, problem):
    """Error about one place in the tree."""
    return InvalidFileError(f"{where(path)} {problem}")

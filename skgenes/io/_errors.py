"""How messages about files show what was found."""


def shown(text, most=60):
    """Text as it goes into a message: quoted, and cut when it is long."""
    return repr(text) if len(text) <= most else repr(f"{text[:most]}...")

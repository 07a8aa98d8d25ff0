"""Wording shared by error messages."""


def listed(items, most=5):
    """Name the first few of `items` and say how many more there are."""
    items = list(items)
    shown = ", ".join(
        repr(str(item)) if isinstance(item, str) else str(item) for item in items[:most]
    )
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"

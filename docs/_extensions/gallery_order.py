"""The order of the examples in the gallery: what a newcomer needs first comes first."""

ORDER = (
    "landmark_panel.py",
    "targeted_panel_scanpy.py",
    "panel_size.py",
    "microarray_study.py",
    "ship_panel.py",
    "explain_bottleneck.py",
    "decode_tissues.py",
    "decode_contrast.py",
    "decode_persons.py",
    "decode_knockout.py",
)


def gallery_key(filename):
    """Return the sorting key of an example; those not named come last, by name."""
    return (ORDER.index(filename) if filename in ORDER else len(ORDER), filename)

"""Heat maps with a name for every row and column."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist

from skgenes.inspection._displays._shared import GREY, axes_for, shortened

_POINTS_PER_INCH = 72
_FONT_SIZES = 5.5, 8.5  # points: the least that can be read, and what is used where there is room
_LINE_HEIGHT = 1.3  # of the font size
_CHARACTER_WIDTH = 0.55  # of the font size
_LONGEST_NAME, _SHORTEST_NAME = 40, 8  # characters
_SHARE_OF_NAMES = 0.4  # of the width or height of given axes
# Of the size of given axes, where a layout engine makes room for titles, legends and neighbours.
KEPT_BY_LAYOUT = 0.7
_LARGEST_SIDE = 16  # inches
_COLOUR_BAR_HEIGHT = 3  # inches
_MOST_FOR_OPTIMAL_ORDER = 300


def side_inches(n_cells, cell=0.19, least=2.0):
    """Length of the side of a new heat map or of a column of bars.

    Parameters
    ----------
    n_cells : int
        Number of rows or columns.
    cell : float, default=0.19
        Inches for each, where that makes no larger figure than can be handled.
    least : float, default=2.0
        Inches in any case.

    Returns
    -------
    float
        Inches.
    """
    return float(np.clip(n_cells * cell, least, _LARGEST_SIDE))


def label_inches(names, most=_LONGEST_NAME):
    """Room that the longest of the names of ticks takes.

    Parameters
    ----------
    names : sequence of str
        Names before they are shortened.
    most : int, default=40
        Characters of a name to show.

    Returns
    -------
    float
        Inches.
    """
    longest = max(len(shortened(name, most)) for name in names)
    return longest * _CHARACTER_WIDTH * _FONT_SIZES[1] / _POINTS_PER_INCH


def name_ticks(axis, names, inches, most=_LONGEST_NAME):
    """Name rows or columns, in a font that fits; if none does, name as many as fit.

    Parameters
    ----------
    axis : matplotlib axis
        ``ax.xaxis`` or ``ax.yaxis``; row i is at i.
    names : sequence of str
        All names.
    inches : float
        Length of the axis.
    most : int, default=40
        Characters of a name to show.
    """
    room = inches * _POINTS_PER_INCH / len(names) / _LINE_HEIGHT
    step = max(int(np.ceil(_FONT_SIZES[0] / room)), 1)
    shown = np.arange(0, len(names), step)
    labels = [shortened(names[i], most) for i in shown]
    vertical = {"rotation": 90} if axis.axis_name == "x" else {}
    axis.set_ticks(shown, labels, fontsize=min(room * step, _FONT_SIZES[1]), **vertical)


def room_for_names(ax, rows, columns):
    """What there is room for on axes that were given, whose names take from their size.

    Parameters
    ----------
    ax : matplotlib axes
        The axes, before anything is named.
    rows, columns : sequence of str
        Names on the left and below; none if there are no names on that side.

    Returns
    -------
    inches : ndarray of float64 of shape (2,)
        Width and height that the axes will have at the least.
    most : ndarray of int of shape (2,)
        Characters of a row's and of a column's name to show.
    """
    inches = inches_of(ax)
    most = inches * _SHARE_OF_NAMES * _POINTS_PER_INCH / (_CHARACTER_WIDTH * _FONT_SIZES[1])
    most = np.clip(most, _SHORTEST_NAME, _LONGEST_NAME).astype(int)
    if ax.figure.get_layout_engine() is not None:
        sides = zip((rows, columns), most, strict=True)
        taken = [label_inches(names, each) if len(names) else 0 for names, each in sides]
        inches = KEPT_BY_LAYOUT * inches - taken
    return np.maximum(inches, 0.2), most


def inches_of(ax):
    """Width and height of axes as they stand.

    Parameters
    ----------
    ax : matplotlib axes
        Axes that were given.

    Returns
    -------
    ndarray of float64 of shape (2,)
        Inches.
    """
    return ax.bbox.size / ax.figure.dpi


def cluster_order(values):
    """Order of rows in which like rows are beside each other.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        NaN counts as 0.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        Rows in the order of the leaves of a tree: Euclidean distances, mean linkage, branches
        turned so that neighbours are as near as can be.
    """
    if len(values) < 3:
        return np.arange(len(values))
    values = np.nan_to_num(values)
    # Squares of very large or small values would be infinite or zero.
    values = values / (np.abs(values).max() or 1.0)
    return leaves_list(
        linkage(pdist(values), "average", optimal_ordering=len(values) <= _MOST_FOR_OPTIMAL_ORDER)
    )


def draw_heatmap(display, ax, table, *, colorbar, label, image_kwargs):
    """Draw a table in colours that diverge from 0.

    Parameters
    ----------
    display : Display
        Gets ``figure_``, ``ax_``, ``image_`` and ``colorbar_``, which is None without one.
    ax : matplotlib axes or None
        Where to draw; None makes a figure in which all names fit.
    table : DataFrame of shape (n_rows, n_columns)
        Numbers, NaN where undefined, and names.
    colorbar : bool
        Whether to draw a colour bar.
    label : str
        What the colours mean.
    image_kwargs : dict or None
        Arguments of ``imshow`` in place of those here.
    """
    inches = side_inches(table.shape[1]), side_inches(table.shape[0])
    most = _LONGEST_NAME, _LONGEST_NAME
    width = inches[0] + label_inches(table.index) + (1.0 if colorbar else 0.2)
    height = inches[1] + label_inches(table.columns) + 0.5
    (display.ax_,) = axes_for(display, ax, figsize=(width, height))
    display.figure_ = display.ax_.figure
    display.image_ = _draw_image(display.ax_, table.to_numpy(), image_kwargs or {})
    if ax is not None:
        inches, most = room_for_names(ax, table.index, table.columns)
    name_ticks(display.ax_.xaxis, table.columns, inches[0], most[1])
    name_ticks(display.ax_.yaxis, table.index, inches[1], most[0])
    display.colorbar_ = None
    if colorbar:
        shrink = min(_COLOUR_BAR_HEIGHT / inches[1], 1.0)
        display.colorbar_ = display.figure_.colorbar(
            display.image_, ax=display.ax_, label=label, shrink=shrink, anchor=(0, 1)
        )
        display.colorbar_.outline.set_visible(False)


def _draw_image(ax, values, image_kwargs):
    import matplotlib as mpl

    limit = np.nanmax(np.abs(values), initial=0.0) or 1.0
    style = {
        "cmap": mpl.colormaps["RdBu_r"].with_extremes(bad=GREY),
        "aspect": "auto",
        "interpolation": "nearest",
    }
    if "norm" not in image_kwargs:
        style |= {"vmin": -limit, "vmax": limit}
    image = ax.imshow(values, **{**style, **image_kwargs})
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return image

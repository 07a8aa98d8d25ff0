"""Parameters as a record of them in ``.uns``."""


def params_of(**params):
    """Leave out parameters that are None: h5ad files do not keep it."""
    return {name: value for name, value in params.items() if value is not None}

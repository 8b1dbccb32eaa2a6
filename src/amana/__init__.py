"""Amana: questions in SQL about protected tables, answered by differentially private figures with intervals.

`amana.open(folder).sql("SELECT …", within="5%")` asks; everything heavy is imported when first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Result", "__version__", "open"]

if TYPE_CHECKING:
    from amana.client.result import Result
    from amana.local.door import open_folder as open  # read as `amana.open`


def __getattr__(name: str) -> object:
    """The public names, imported when first used."""
    if name == "open":
        from amana.local.door import open_folder

        return open_folder
    if name == "Result":
        from amana.client.result import Result

        return Result
    raise AttributeError(f"module 'amana' has no attribute {name!r}")

"""Amana: questions in SQL about protected tables, answered by differentially private figures with intervals.

`amana.open(folder).sql("SELECT …", within="5%")` asks a folder on this machine, `amana.connect(url).sql(…)` a node; in a notebook
`%load_ext amana` brings `%%amana`. Everything heavy is imported when first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "Fault", "PrivateClassifier", "PrivateForecaster", "PrivateRegressor", "PrivateSynthesiser", "Refusal", "Result", "__version__",
    "connect", "load_ipython_extension", "open",
]  # fmt: skip

if TYPE_CHECKING:
    from amana.client.connect import connect
    from amana.client.estimators import PrivateClassifier, PrivateRegressor, PrivateSynthesiser
    from amana.client.forecaster import PrivateForecaster
    from amana.client.result import Result
    from amana.local.door import open_folder as open  # read as `amana.open`
    from amana.terms.refusal import Fault, Refusal


def __getattr__(name: str) -> object:
    """The public names, imported when first used."""
    if name == "open":
        from amana.local.door import open_folder

        return open_folder
    if name == "connect":
        from amana.client.connect import connect

        return connect
    if name == "Result":
        from amana.client.result import Result

        return Result
    if name in ("PrivateClassifier", "PrivateRegressor", "PrivateSynthesiser"):
        from amana.client import estimators

        return getattr(estimators, name)
    if name == "PrivateForecaster":
        from amana.client.forecaster import PrivateForecaster

        return PrivateForecaster
    if name in ("Fault", "Refusal"):
        from amana.terms import refusal

        return refusal.Fault if name == "Fault" else refusal.Refusal
    raise AttributeError(f"module 'amana' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, also those that were not imported yet."""
    return sorted(__all__)


def load_ipython_extension(shell: object) -> None:
    """What `%load_ext amana` calls: registers `%%amana`."""
    from amana.client.magic import register
    from amana.local.door import open_folder

    register(shell, open_folder=open_folder)

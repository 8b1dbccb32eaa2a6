"""A box for true, un-noised values: it shows nothing, copies nowhere and is opened by name only."""

from typing import Generic, NoReturn, TypeVar, final

T = TypeVar("T")


@final
class Exact(Generic[T]):
    """True values on their way from an engine to the noise. Only `engines` and `privacy` may name it."""

    __slots__ = ("_held",)

    def __init__(self, held: T) -> None:
        self._held = held

    def open_for_noise(self) -> T:
        """Give the true values to the noise; named so that each use is easy to find."""
        return self._held

    def __repr__(self) -> str:
        return "Exact(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("true values are never pickled or copied")

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("true values are never compared")

    __hash__ = None  # type: ignore[assignment]  # a hash of a true value would be a digest of data

"""A job as a value that can be asked how far it is."""

from typing import TYPE_CHECKING, final

from amana.client.jobs import JobState
from amana.client.result import Redraw, Result

if TYPE_CHECKING:
    from amana.client.connect import Connection


@final
class Job:
    """A question that runs on the node, whether or not anybody waits."""

    def __init__(self, connection: "Connection", id: str, *, redraw: Redraw | None = None) -> None:
        self._connection = connection
        self._redraw = redraw
        self.id = id

    def state(self) -> JobState:
        """How far it is."""
        return self._connection.read_state(self.id)

    def result(self) -> Result:
        """Its answer, waited for. Ctrl-C leaves the job running."""
        return self._connection.wait_for(self.id, redraw=self._redraw)

    def cancel(self) -> None:
        """Stop it, as long as data were not touched; later it is refused, since the charge stands."""
        self._connection.cancel(self.id)

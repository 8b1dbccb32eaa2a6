"""`%%amana` in a notebook that is not there: the shell is three lines."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import amana
from amana.client import magic
from amana.client.magic import Wish, read_line
from amana.terms.refusal import Refusal
from tests.doors.node_over_http import TOKEN, Memory, serving
from tests.doors.stand_in import StandIn, door

SQL = "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region"


class Shell:
    def __init__(self) -> None:
        self.user_ns: dict[str, object] = {}
        self.magics: dict[str, Callable[[str, str], object]] = {}

    def register_magic_function(self, func: Callable[[str, str], object], magic_kind: str, magic_name: str) -> None:
        assert magic_kind == "cell"
        self.magics[magic_name] = func


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("AMANA_NODE", "AMANA_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def node() -> Iterator[tuple[str, Memory]]:
    with serving() as found:
        yield found


@pytest.fixture
def shell() -> Shell:
    made = Shell()
    amana.load_ipython_extension(made)
    return made


def test_a_cell_is_asked_of_a_node_and_its_answer_is_the_output(shell: Shell, node: tuple[str, Memory]) -> None:
    result = shell.magics["amana"](f"--node {node[0]} --within ±15", f"\n{SQL}\n")
    assert isinstance(result, amana.Result) and "<svg" in result._repr_html_()
    assert node[1].sent[-1].body == {"sql": SQL, "within": "±15"}


def test_a_cell_names_the_permit_that_it_is_asked_under(shell: Shell, node: tuple[str, Memory]) -> None:
    for option in ("", "--preview"):
        shell.magics["amana"](f"--node {node[0]} --permit m-1 {option}", SQL)
        assert node[1].sent[-1].body == {"sql": SQL, "within": "5%", "permit": "m-1"}
    with pytest.raises(Refusal, match=r"client\.no_node"):
        shell.magics["amana"]("--permit m-1", SQL)


def test_a_named_answer_is_kept_and_not_shown(shell: Shell, node: tuple[str, Memory]) -> None:
    assert shell.magics["amana"](f"--node={node[0]} visits <<", SQL) is None
    assert isinstance(shell.user_ns["visits"], amana.Result)


def test_the_node_of_the_environment_is_the_default(shell: Shell, node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_NODE", node[0])
    assert isinstance(shell.magics["amana"]("--dry-run", SQL), amana.Result)
    assert node[1].sent[-1].path == "/questions/dry-run"


def test_a_preview_spends_nothing_and_shows_the_interval_to_expect(shell: Shell, node: tuple[str, Memory]) -> None:
    shown = repr(shell.magics["amana"](f"--node {node[0]} --preview", SQL))
    assert "± 67" in shown and not node[1].paid


def test_a_notebook_shows_where_a_connection_leads_and_what_a_preview_and_a_budget_say(
    node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMANA_LANG", "en")
    with amana.connect(node[0], TOKEN) as connection:
        assert repr(connection) == f"<amana.connect {connection.address}>" and TOKEN not in repr(connection)
        assert repr(connection.preview(SQL)).splitlines()[-1] == "Asking would cost 0.10 % of the budget. Nothing was spent."
        assert repr(connection.budget("clinic")).splitlines()[-1].split() == ["clinic", "patient", "25", "%", "75", "%"]


def test_a_cell_is_asked_of_a_folder_on_this_machine() -> None:
    held, shell = StandIn(), Shell()
    asked: list[str | None] = []

    def open_folder(folder: str | None) -> amana.local.door.Door:  # type: ignore[name-defined]
        asked.append(folder)
        return door(held)

    magic.register(shell, open_folder=open_folder)
    assert isinstance(shell.magics["amana"]("--folder clinic", SQL), amana.Result)
    assert isinstance(shell.magics["amana"]("", SQL), amana.Result)
    assert asked == ["clinic", None] and held.asked == [(SQL, "5%")] * 2


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("", Wish()),
        ("--within=3% --preview n<<", Wish(within="3%", preview=True, name="n")),
        ("--permit m-1", Wish(permit="m-1")),
        ("--share 1% --folder 'a b'", Wish(share="1%", folder="a b")),
    ],
)
def test_the_first_line_of_a_cell_is_read(line: str, wish: Wish) -> None:
    assert read_line(line) == wish


@pytest.mark.parametrize("line", ["--wihtin 5%", "visits", "<<", "a b <<", "--node", "'", "1x <<"])
def test_a_word_that_the_magic_does_not_know_is_refused_with_an_example(shell: Shell, line: str) -> None:
    with pytest.raises(Refusal, match=r"client\.magic_words") as caught:
        shell.magics["amana"](line, SQL)
    assert "%%amana --within 5% visits <<" in "".join(caught.value.__notes__)


def test_ipython_itself_takes_the_extension() -> None:
    testing = pytest.importorskip("IPython.testing.globalipapp")
    running = testing.start_ipython()
    running.run_line_magic("load_ext", "amana")
    assert "amana" in running.magics_manager.magics["cell"]

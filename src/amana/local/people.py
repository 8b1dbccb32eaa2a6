"""The people of a node, for whoever sits at its machine: the first ones come from here, since nobody can be asked yet."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, final

from amana.local.door import find_folder
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A person as a list shows her. `organisation`: its name."""

    id: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    enabled: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link, which is shown once."""

    name: str
    address: str
    hours: int


@final
class Registry:
    """Organisations, people, roles, accreditations and links. Errors: every method raises `Refusal`."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    def add_organisation(self, name: str, *, kind: str) -> str:
        """Its id."""
        from amana.policy.people import OrganisationKind

        return self._service.people.add_organisation(None, name=name, kind=OrganisationKind(kind))

    def add_person(self, name: str, *, organisation: str, language: str) -> str:
        """Her id. `organisation`: its id or its name."""
        return self._service.people.add_person(None, name=name, organisation=organisation, language=language)

    def give_role(self, person: str, *, role: str) -> None:
        """Say what she is on this node."""
        from amana.policy.people import Role

        self._service.people.give_role(None, person=PersonId(person), role=Role(role))

    def accredit(self, person: str, *, until: datetime) -> None:
        """Answer for her, until that moment."""
        self._service.people.accredit(None, person=PersonId(person), valid_until=until)

    def disable(self, person: str) -> None:
        """Stop her from her next request on."""
        self._service.people.disable(None, person=PersonId(person))

    def enable(self, person: str) -> None:
        """Let her in again."""
        self._service.people.enable(None, person=PersonId(person))

    def link(self, person: str, *, demo: bool) -> Link:
        """A link that opens once; an earlier one for her opens nothing any more. `demo`: one that opens a whole session."""
        from amana.node.audit import MACHINE
        from amana.node.links import LASTS, LinkKind

        kind = LinkKind.DEMO if demo else LinkKind.ENROL
        found, links = self._service.people.person(PersonId(person)), self._service.sign_in.links
        made = links.invite(found.id, kind=kind, actor=MACHINE, now=self._service.now())
        return Link(name=found.name, address=links.address(made), hours=int(LASTS[kind].total_seconds() // 3600))

    def list(self) -> "list[Listed]":
        """Everybody."""
        organisations = {each.id: each.name for each in self._service.people.organisations()}
        found, after = list[Listed](), ""
        while page := self._service.people.people(after=after):
            after = page[-1].id
            found += [
                Listed(
                    id=each.id,
                    name=each.name,
                    organisation=organisations[each.organisation],
                    roles=tuple(role.value for role in each.roles),
                    enabled=each.disabled_at is None,
                )
                for each in page
            ]
        return found

    def close(self) -> None:
        """Give the folder's files and locks back."""
        self._service.close()

    def __enter__(self) -> "Registry":
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def open_registry(folder: str | Path | None) -> Registry:
    """The people of the node in that folder (else AMANA_FOLDER, else ./amana-data). Errors: a refusal if there is none."""
    return Registry(service_in(folder))


def service_in(folder: str | Path | None) -> "Service":
    """The whole node of a data folder. Errors: as `open_registry`, and client.library_missing."""
    try:
        from amana.node.service import open_service
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("amana"):
            raise
        raise Refusal("client.library_missing", library=missing.name or "?", extra="node") from None
    return open_service(find_folder(folder))

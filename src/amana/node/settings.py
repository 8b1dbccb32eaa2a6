"""Every setting of a node, read once at start. An unknown key stops the start: a misspelt limit must never be no limit.

Order: the environment (`AMANA_<NAME>`), then `settings.toml` in the data folder, then the default. No setting touches the
noise. The reference page docs/reference/settings.md is made from this file.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from re import fullmatch
from types import MappingProxyType
from typing import final

from amana.terms.refusal import Refusal

PREFIX = "AMANA_"
ELSEWHERE = frozenset({"AMANA_FOLDER", "AMANA_LANG", "AMANA_CHROMIUM", "AMANA_LANGUAGE", "AMANA_NODE", "AMANA_TOKEN", "AMANA_AS"})
"""Read by the doors, before there is a node: the data folder, a browser for tests, the language of messages, and for clients another node
and a token to sign in there with."""
TESTS = "AMANA_TEST_"
"""Of the test suite."""
LANGUAGES = ("en", "fr", "ar", "zgh")
_HERE = r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?"
"""The only places where a message may travel unencrypted: inside this machine."""
PATTERNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sqlite or a URL": (
            r"sqlite|postgres(ql)?://([^:@/]*:?@)?[^@]*",
            "word.setting.database",
        ),
        "a URL without a path": (
            rf"https://[a-z0-9.-]+(?!:443$)(:[0-9]{{1,5}})?|{_HERE}",
            "word.setting.public_url",
        ),
        "enrol or demo": (r"enrol|demo", "word.setting.links"),
        "a URL or nothing": (rf"(https://[^\s?#@]+|{_HERE}(/[^\s?#@]*)?)?", "word.setting.issuer"),
        "a word or nothing": (r"[\x21-\x7e]{0,255}", "word.setting.provider_word"),
        "a line or nothing": (r"[^\x00-\x1f\x7f]{0,500}", "word.setting.line"),
        "a path or nothing": (r"[^\0\n]{0,4096}", "word.setting.file"),
        "a host or nothing": (r"[A-Za-z0-9.:-]{0,255}", "word.setting.host"),
        "an e-mail address or nothing": (r"([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190})?", "word.setting.address"),
        "starttls, tls or none": (r"starttls|tls|none", "word.setting.mail_tls"),
    }
)
"""What a text may be: how the reference page says it, the pattern, and the word with which a refusal says it."""


def _number(about: str, default: int, low: int, high: int) -> int:
    made: int = field(default=default, metadata={"about": about, "low": low, "high": high})
    return made


def _text(about: str, default: str, accepted: str) -> str:
    made: str = field(default=default, metadata={"about": about, "accepted": accepted})
    return made


def _threads() -> int:
    return max(1, os.cpu_count() or 1)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Units stand last in each name. `origins`: where each value came from."""

    folder: Path
    memory_bytes_max: int = _number("memory of the embedded database", 4 * 2**30, 2**28, 2**44)
    spill_bytes_max: int = _number("disk that intermediate results may take, encrypted, in the data folder", 64 * 2**30, 0, 2**50)
    threads: int = field(default_factory=_threads, metadata={"about": "threads of the embedded database", "low": 1, "high": 1024})
    groups_count_max: int = _number("groups that one question may have", 100_000, 1, 10_000_000)
    release_tick_ms: int = _number("answers leave on multiples of this, so that their time says little", 100, 1, 60_000)
    deadline_base_ms: int = _number("least time a question is given before it is a fault", 500, 100, 3_600_000)
    deadline_row_ns: int = _number("more time for each row that one step may handle", 200, 1, 1_000_000)
    deadline_ms_max: int = _number("largest time a question is given", 600_000, 1_000, 86_400_000)
    job_after_ms: int = _number("a question predicted to take longer than this is a job", 2_000, 0, 600_000)
    jobs_running_max: int = _number("jobs that one process runs at once", 2, 1, 64)
    jobs_open_max: int = _number("jobs that wait or run", 1_000, 1, 100_000)
    jobs_person_max: int = _number("jobs of one person that wait or run", 50, 1, 10_000)
    job_days: int = _number("time for which a job that is over is remembered, in days; its rows stay in the ledger", 90, 1, 36_600)
    key_file: Path = field(
        default=Path("keys/node.key"),
        metadata={"about": "file of the key that wraps all others; kept elsewhere, the folder alone opens nothing", "path": True},
    )
    kms_command: Path | None = field(
        default=None, metadata={"about": "program that wraps and unwraps keys, instead of a key file (how-to/keys)", "path": True}
    )
    kms_wait_ms_max: int = _number("longest time that program may take", 10_000, 100, 600_000)
    sample_units_max: int = _number("invented units in the sample of a version; one that is made stays as it is", 1_000, 1, 100_000)
    sample_rows_max: int = _number("invented rows in each table of a sample; heavy units make it one of fewer units", 30_000, 1, 10_000_000)
    http_body_bytes_max: int = _number("largest request over HTTP", 2**20, 2**10, 2**30)
    http_rows_max: int = _number("rows of one answer over HTTP; what is beyond is left off, with a note", 100_000, 1, 10_000_000)
    assistant_rows_max: int = _number(
        "rows of one answer that an AI assistant is shown at once; it asks for the next ones", 200, 1, 100_000
    )
    http_questions_max: int = _number("questions over HTTP that run at once in one process", 64, 1, 10_000)
    http_queue_max: int = _number("questions over HTTP that wait for their turn in one process", 256, 0, 100_000)
    http_streams_max: int = _number("jobs that are followed over HTTP at once in one process", 200, 1, 10_000)
    http_threads_max: int = _number("other requests over HTTP that are worked on at once in one process", 40, 1, 10_000)
    http_wait_ms_max: int = _number("longest time a request waits for its turn, or for its first sending", 25_000, 1, 600_000)
    http_head_ms_max: int = _number("longest time in which the head of a request may arrive", 10_000, 100, 600_000)
    http_address_per_minute_max: int = _number("requests of one network address in a minute, for each process", 6_000, 1, 10_000_000)
    http_person_per_minute_max: int = _number("requests of one person in a minute, for each process", 3_000, 1, 10_000_000)
    http_key_hours: int = _number("time for which an Idempotency-Key is remembered", 24, 1, 8_760)
    http_stop_ms_max: int = _number("time that running questions and jobs get to finish when the server is stopped", 30_000, 0, 3_600_000)
    http_proxies: str = field(
        default="none", metadata={"about": "addresses of proxies that tell the reader's own address, with commas between; or none"}
    )
    tend_ms: int = _number("time between two looks for charges, projects and permits that have come to their end", 5_000, 100, 3_600_000)
    language: str = field(default="en", metadata={"about": "language of messages where the reader names none: en, fr, ar or zgh"})
    log_origin: str = _text("what a new public log is called, for ever; without one, by the host of public_url", "", "a word or nothing")
    log_witnesses_file: str = _text(
        "file of the witnesses that must have seen a checkpoint before an answer leaves, and their quorum (tlog-policy)",
        "",
        "a path or nothing",
    )
    log_witness_wait_ms_max: int = _number("longest time that a witness may take for one request", 5_000, 100, 60_000)
    witness_policy_file: str = _text(
        "file of the logs for which this node is a witness (tlog-policy); without one it is none", "", "a path or nothing"
    )
    database: str = _text(
        "sqlite, or the postgresql:// URL, without a password, of a server that several workers share", "sqlite", "sqlite or a URL"
    )
    public_url: str = _text(
        "where browsers find this node; passkeys are bound to its host for ever", "http://localhost:8321", "a URL without a path"
    )
    sign_in_links: str = _text(
        "what one-time links may open: enrol, only the registration of a passkey or identity; demo, also whole sessions",
        "enrol",
        "enrol or demo",
    )
    session_idle_s: int = _number("a session without a request for so long is over", 3600, 60, 43_200)
    token_days_max: int = _number("longest life of an API token, in days", 90, 1, 366)
    oidc_issuer: str = _text("the organisation's identity provider (OpenID Connect), as it names itself", "", "a URL or nothing")
    oidc_client_id: str = _text("what the identity provider calls this node", "", "a word or nothing")
    oidc_client_secret_file: str = _text(
        "file with the secret that the provider gave this node; without one it proves itself by PKCE alone", "", "a path or nothing"
    )
    oidc_step_up_acr: str = _text(
        "the acr that the provider must state at a step-up; without one a fresh sign-in there is enough", "", "a word or nothing"
    )
    access_body: str = _text(
        "the body that gives access to the data on this node, as the public register names it", "", "a line or nothing"
    )
    access_body_contact: str = _text("where people reach that body", "", "a line or nothing")
    notice_days: int = _number("time for which people find notices of what happened to their projects, in days", 365, 1, 36_600)
    mail_host: str = _text("server that takes e-mail (SMTP); without one no e-mail is sent", "", "a host or nothing")
    mail_port: int = _number("its port: 587 for starttls, 465 for tls", 587, 1, 65_535)
    mail_tls: str = _text("how the way to it is encrypted; none only inside a machine or its network", "starttls", "starttls, tls or none")
    mail_from: str = _text("address from which e-mail comes", "", "an e-mail address or nothing")
    mail_user: str = _text("whom that server knows this node as; without one it asks nothing", "", "a word or nothing")
    mail_password_file: str = _text("file with the password for it", "", "a path or nothing")
    mail_wait_ms_max: int = _number("longest time that server may take for one step", 10_000, 100, 600_000)
    mail_turn_max: int = _number("e-mails sent at one look for what has come to its end (tend_ms)", 50, 1, 10_000)

    log_verify_minutes: int = _number("time after which the node verifies its own log again, in minutes; 0: only when asked", 60, 0, 44_640)
    publish_folder: str = _text(
        "folder with a folder for each organisation, named by its id, whose files its custodians may publish from their desk",
        "",
        "a path or nothing",
    )
    machine_power_w: int = _number("power that this machine takes while it works, in watts; 0: no energy is predicted", 0, 0, 100_000)
    grid_carbon_g_per_kwh: int = _number("carbon dioxide of its electricity, in grams for each kWh; 0: none is predicted", 0, 0, 10_000)
    programme_regions: str = _text(
        "file of the country's regions for the programme's map (TopoJSON), absolute or in the data folder; without one there is no map",
        "",
        "a path or nothing",
    )
    programme_region_names: str = _text(
        "file that names those regions: a JSON object from their ids to names by language; without one, as the map does",
        "",
        "a path or nothing",
    )
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False, compare=False)


def read_settings(folder: Path, environment: Mapping[str, str]) -> Settings:
    """The settings of the node in that folder. Errors: `settings.unknown_key`, `settings.bad_value`."""
    file = folder / "settings.toml"
    written = _file(file)
    named = {each.name: each for each in fields(Settings) if each.name not in ("folder", "origins")}
    for key in written:
        if key not in named:
            raise Refusal("settings.unknown_key", key=key, origin=str(file), known=", ".join(named))
    for key in environment:
        if key.startswith(PREFIX) and key not in ELSEWHERE and not key.startswith(TESTS) and key.removeprefix(PREFIX).lower() not in named:
            raise Refusal(
                "settings.unknown_key", key=key, origin="word.origin.environment", known=", ".join(PREFIX + name.upper() for name in named)
            )
    values: dict[str, int | str | Path] = {}
    origins = {"folder": "word.origin.command"}
    for name, each in named.items():
        variable = PREFIX + name.upper()
        if variable in environment:
            values[name] = _value(variable, environment[variable], each.metadata, origin="word.origin.environment")
            origins[name] = variable
        elif name in written:
            values[name] = _value(name, written[name], each.metadata, origin=str(file))
            origins[name] = file.name
        else:
            origins[name] = "word.origin.default"
    if bool(values.get("oidc_issuer")) != bool(values.get("oidc_client_id")):
        key = "oidc_client_id" if values.get("oidc_issuer") else "oidc_issuer"
        raise Refusal("settings.bad_value", key=key, value="…", wanted="word.setting.both_or_neither", origin=str(file))
    if bool(values.get("mail_host")) != bool(values.get("mail_from")):
        key = "mail_from" if values.get("mail_host") else "mail_host"
        raise Refusal("settings.bad_value", key=key, value="…", wanted="word.setting.both_or_neither", origin=str(file))
    return Settings(folder=folder, origins=MappingProxyType(origins), **values)  # type: ignore[arg-type]  # checked by _value


def explain(folder: Path) -> list[tuple[str, str, str]]:
    """Name, value and origin of every setting."""
    settings = read_settings(folder, os.environ)
    return [
        (each.name, str(getattr(settings, each.name)), settings.origins[each.name]) for each in fields(Settings) if each.name != "origins"
    ]


def describe() -> list[tuple[str, str, str, str]]:
    """Name, default, accepted values and purpose of every setting, for the reference page."""
    rows: list[tuple[str, str, str, str]] = []
    for each in fields(Settings):
        if "about" in each.metadata:
            default = "one for each core" if each.default is MISSING else str(each.default) or "none"
            accepted = f"{each.metadata['low']} … {each.metadata['high']}" if "low" in each.metadata else "text"
            accepted = str(each.metadata.get("accepted", accepted))
            if "path" in each.metadata:
                accepted, default = "an absolute path", "none" if each.default is None else f"{default} in the data folder"
            rows.append((each.name, default, accepted, str(each.metadata["about"])))
    return rows


def _file(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise Refusal("settings.bad_value", key=path.name, value="…", wanted="word.setting.toml", origin=str(path)) from None


def _value(key: str, given: object, metadata: Mapping[str, object], *, origin: str) -> int | str | Path:
    if "path" in metadata:
        if not isinstance(given, str) or "\0" in given or not Path(given).is_absolute():
            raise Refusal("settings.bad_value", key=key, value=str(given)[:60], wanted="word.setting.absolute", origin=origin)
        return Path(given)
    if "low" in metadata:
        low, high = metadata["low"], metadata["high"]
        assert isinstance(low, int) and isinstance(high, int)
        whole = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given
        if isinstance(whole, bool) or not isinstance(whole, int) or not low <= whole <= high:
            raise Refusal("settings.bad_value", key=key, value=str(given)[:60], wanted="word.whole", low=low, high=high, origin=origin)
        return whole
    if "accepted" in metadata:
        pattern, wanted = PATTERNS[str(metadata["accepted"])]
        if isinstance(given, str) and fullmatch(pattern, given):
            return given
        raise Refusal("settings.bad_value", key=key, value="…", wanted=wanted, origin=origin)  # it may hold a password
    if key.lower().endswith("language") and given not in LANGUAGES:
        raise Refusal("settings.bad_value", key=key, value=str(given)[:60], wanted="word.one_of", known=", ".join(LANGUAGES), origin=origin)
    if not isinstance(given, str) or not given or "/" in given or "\\" in given:
        raise Refusal("settings.bad_value", key=key, value=str(given)[:60], wanted="word.setting.plain_name", origin=origin)
    return given

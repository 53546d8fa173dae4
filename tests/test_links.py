"""Join links: who has the secret joins, who has the file does not; and their command."""

import hashlib
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from translator.__main__ import main
from translator.access import ClonedVoice, Role
from translator.errors import ServiceError
from translator.web.links import KEPT, LENGTH, Links, links_file

pytestmark = pytest.mark.unit

GONE = timedelta(seconds=-2)


def test_a_secret_finds_what_was_said_of_its_link() -> None:
    with Links() as links:
        secret = links.add(
            meeting="town", title="Town hall", role=Role.INTERPRETER, channels=("es", "fr")
        )
        link = links.find(secret)
    assert link is not None
    assert (link.meeting, link.title, link.role) == ("town", "Town hall", Role.INTERPRETER)
    assert link.channels == ("es", "fr")
    assert not link.expired


def test_a_meeting_without_a_title_is_called_as_its_room() -> None:
    with Links() as links:
        link = links.find(links.add(meeting="town", role=Role.ATTENDEE))
    assert link is not None
    assert link.title == "town"


def test_secrets_are_long_and_never_the_same() -> None:
    with Links() as links:
        made = {links.add(meeting="town", role=Role.ATTENDEE) for _ in range(50)}
    assert len(made) == 50
    assert all(len(secret) == LENGTH and secret.isalnum() for secret in made)


@pytest.mark.parametrize(
    "secret", ["", "x", "' OR 1=1 --", "\ud800", "\0", "a" * 100_000], ids=lambda text: text[:12]
)
def test_what_is_no_secret_finds_nothing(secret: str) -> None:
    with Links() as links:
        links.add(meeting="town", role=Role.ORGANIZER)
        assert links.find(secret) is None


def test_the_id_of_a_link_opens_nothing() -> None:
    with Links() as links:
        link = links.find(links.add(meeting="town", role=Role.ORGANIZER))
        assert link is not None
        assert links.find(link.id) is None


def test_an_expired_link_is_known_as_such_for_a_while_and_then_forgotten() -> None:
    with Links() as links:
        late = links.add(meeting="town", role=Role.ATTENDEE, valid=GONE)
        forgotten = links.add(meeting="town", role=Role.ATTENDEE, valid=GONE - KEPT)
        links.purge()
        found = links.find(late)
        assert found is not None
        assert found.expired
        assert links.find(forgotten) is None


def test_a_revoked_link_is_unknown_and_the_others_are_not() -> None:
    with Links() as links:
        secrets = [links.add(meeting="town", role=Role.ATTENDEE) for _ in range(2)]
        link = links.find(secrets[0])
        assert link is not None
        assert links.revoke(link.id)
        assert links.find(secrets[0]) is None
        assert links.find(secrets[1]) is not None
        assert not links.revoke(link.id)


@pytest.mark.parametrize("id", ["", "%", "0"])
def test_nothing_is_revoked_by_a_part_of_an_id(id: str) -> None:
    with Links() as links:
        links.add(meeting="town", role=Role.ATTENDEE)
        assert not links.revoke(id)
        assert len(links.all()) == 1


def test_the_file_is_its_owners_alone_and_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "state" / "links.sqlite"
    with Links(path) as links:
        secret = links.add(meeting="town", role=Role.ATTENDEE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert b"town" in path.read_bytes()
    assert secret.encode() not in path.read_bytes()


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "links.sqlite"
    path.touch(mode=0o644)
    with Links(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_an_earlier_version_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "links.sqlite"
    secret = "a" * LENGTH
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute(
            "CREATE TABLE links (hash BLOB PRIMARY KEY, meeting TEXT NOT NULL, title TEXT NOT NULL,"
            " role TEXT NOT NULL, channels TEXT NOT NULL, expires INTEGER NOT NULL) STRICT"
        )
        hashed = hashlib.sha256(secret.encode()).digest()
        old.execute(
            "INSERT INTO links VALUES (?, 'town', 'Town hall', 'speaker', '', 4000000000)",
            (hashed,),
        )
    with Links(path) as links:
        found = links.find(secret)
        links.add(meeting="town", role=Role.ATTENDEE)
        assert len(links.all()) == 2
    assert found is not None
    assert (found.title, found.role, found.name, found.voice) == (
        "Town hall",
        Role.SPEAKER,
        "",
        None,
    )


def test_two_programs_see_each_others_links(tmp_path: Path) -> None:
    path = tmp_path / "links.sqlite"
    with Links(path) as serving, Links(path) as command:
        secret = command.add(meeting="town", role=Role.ATTENDEE)
        found = serving.find(secret)
        assert found is not None
        command.revoke(found.id)
        assert serving.find(secret) is None


def test_links_are_found_from_many_threads_at_once() -> None:
    with Links() as links:
        secrets = [links.add(meeting=str(i), role=Role.ATTENDEE) for i in range(20)]
        found: list[str] = []

        def look() -> None:
            for secret in secrets:
                link = links.find(secret)
                found.append(link.meeting if link else "nothing")

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == sorted([str(i) for i in range(20)] * 8)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "links.sqlite"
    path.write_text("This is a letter to my aunt, which somebody has saved here." * 20)
    with pytest.raises(ServiceError, match=r"links\.sqlite"):
        Links(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ServiceError, match="state"):
        Links(tmp_path / "state" / "links.sqlite")


# --- the command ------------------------------------------------------------------------------


ENGINES = "version: 1\nengines: {vendor: {plugin: espeak}, writer: {plugin: apertium}}\n"
PAIRS = "version: 1\nhear: vendor\nspoken: [en]\nlanguages: {es: {speak: vendor}, fr: }\n"
ANA = ("town", "--role", "speaker", "--name", "Ana")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command keeps links in, and a configuration."""
    for name, text in (("engines", ENGINES), ("language_pairs", PAIRS)):
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.setenv("TRANSLATOR_ENGINES", str(tmp_path / "engines.yaml"))
    monkeypatch.setenv("TRANSLATOR_PAIRS", str(tmp_path / "language_pairs.yaml"))
    monkeypatch.setenv("TRANSLATOR_STATE", str(tmp_path))
    monkeypatch.delenv("TRANSLATOR_WEB_URL", raising=False)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of `translator link …`."""
    try:
        code = main(["link", *arguments])
    except SystemExit as ended:  # argparse's own errors
        code = int(ended.code or 0)
    return code, *capsys.readouterr()


def test_the_command_prints_a_url_that_opens_the_meeting(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ("town", "--role", "interpreter", "--channels", "es, FR", "--title", " Town  hall ")
    code, out, _ = run(capsys, *wanted, "--web", "https://meet.example.org/")
    assert code == 0
    base, _, secret = out.strip().rpartition("/m/")
    assert base == "https://meet.example.org"
    with Links(links_file()) as links:
        link = links.find(secret)
    assert link is not None
    assert (link.meeting, link.title, link.role) == ("town", "Town hall", Role.INTERPRETER)
    assert link.channels == ("es", "fr")


def test_a_link_for_one_person_may_offer_a_copy_of_its_voice(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, *ANA, "--voice", "vendor=v1")
    assert code == 0
    with Links(links_file()) as links:
        link = links.find(out.strip().rpartition("/")[2])
    assert link is not None
    assert (link.name, link.voice) == ("Ana", ClonedVoice(engine="vendor", name="v1"))
    assert "for Ana  voice vendor=v1" in run(capsys, "--list")[1]


def test_a_configuration_that_cannot_be_read_makes_no_link_with_a_voice(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state / "engines.yaml").write_text("version: 1\nengines:\n")
    code, out, err = run(capsys, *ANA, "--voice", "vendor=v1")
    assert (code, out) == (2, "")
    assert "engines.yaml" in err


def test_links_are_listed_without_their_secrets_and_revoked_by_url_or_id(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = [run(capsys, "town", "--role", "speaker")[1].strip() for _ in range(2)]
    _, out, _ = run(capsys, "--list")
    assert out.count("town  speaker  until 2") == 2
    assert not any(url.rpartition("/")[2] in out for url in urls)
    assert run(capsys, "--revoke", urls[0])[0] == 0
    assert run(capsys, "--revoke", urls[0])[0] == 2
    _, out, _ = run(capsys, "--list")
    assert run(capsys, "--revoke", out.split()[0])[0] == 0
    assert run(capsys, "--list")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required"),
        (("town", "--role", "king"), "organizer"),
        (("town", "--role", "interpreter"), "--channels"),
        (("town", "--channels", "es"), "--channels"),
        (("town", "--role", "interpreter", "--channels", "xx-no-language"), "BCP-47"),
        (("town", "--days", "0"), "366"),
        (("town", "--days", "1000000000"), "366"),
        (("town", "--web", "meet.example.org"), "https://host"),
        (("town", "--web", "https://[::1"), "https://host"),
        (("", "--role", "speaker"), "MEETING"),
        (("to\nwn",), "MEETING"),
        (("x" * 101,), "MEETING"),
        (("town", "--name", "x" * 61), "60"),
        (("town", "--title", "x" * 61), "60"),
        ((*ANA, "--voice", "vendor"), "elevenlabs=VOICE_ID"),
        ((*ANA, "--voice", "=v1"), "elevenlabs=VOICE_ID"),
        ((*ANA, "--voice", "vendor=v 1"), "elevenlabs=VOICE_ID"),
        ((*ANA, "--voice", "vendor=../voices?x="), "no name of a voice"),
        ((*ANA, "--voice", "vendro=v1"), "did you mean 'vendor'?"),
        ((*ANA, "--voice", "writer=v1"), "names: vendor"),
        (("town", "--role", "speaker", "--voice", "vendor=v1"), "--name"),
        (("town", "--name", "Ana", "--voice", "vendor=v1"), "--role speaker"),
        (("--revoke", "nothing"), "--list"),
    ],
)
def test_what_makes_no_link_is_said(
    state: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert run(capsys, "--list")[1] == ""


def test_a_folder_that_cannot_be_written_is_said(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state / "links.sqlite").mkdir()
    code, _, err = run(capsys, "town")
    assert code == 1
    assert "links.sqlite" in err

"""Files from web servers with the faults that web servers have; all of them are on this machine."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmrs_builder.errors import ENVIRONMENT, MANUAL, MmrsError
from mmrs_builder.transfer import HEADWAY, Patience, receive
from tests.site import Answering, Site, cut, overpromised, says, serving

DATA = np.random.default_rng(3).bytes(300_000)
QUICK = Patience(silence=5, pauses=(0, 0, 0))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Site(files={"/a.zip": DATA})) as site:
        yield site


def got(site: Site, folder: Path, path: str = "/a.zip") -> bytes:
    """The file that arrives, after its digest was found true."""
    digest = receive(site.url + path, folder / "a", lambda done, total: None, lambda line: None, QUICK)
    data = (folder / "a").read_bytes()
    assert digest == hashlib.sha256(data).hexdigest()
    assert [entry.name for entry in folder.iterdir()] == ["a"]
    return data


def refused(site: Site, folder: Path, path: str = "/a.zip") -> MmrsError:
    with pytest.raises(MmrsError) as caught:
        receive(site.url + path, folder / "a", lambda done, total: None, lambda line: None, QUICK)
    assert not (folder / "a").exists()
    return caught.value


def test_a_file_arrives_with_its_digest_and_its_progress(site: Site, tmp_path: Path):
    told: list[tuple[int, int | None]] = []
    receive(f"{site.url}/a.zip", tmp_path / "a", lambda done, total: told.append((done, total)), print, QUICK)
    assert (tmp_path / "a").read_bytes() == DATA
    assert told[0] == (0, len(DATA))
    assert told[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_cut_download_goes_on_where_it_was_cut(site: Site, tmp_path: Path):
    site.faults = [cut(100_000), cut(100_000)]
    assert got(site, tmp_path) == DATA
    assert site.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_a_later_command_goes_on_too(site: Site, tmp_path: Path):
    site.faults = [cut(100_000), says(404)]
    refused(site, tmp_path)
    assert got(site, tmp_path) == DATA
    assert site.asked[-1] == "bytes=100000-"


def test_a_part_of_another_address_is_not_gone_on_with(site: Site, tmp_path: Path):
    site.files["/b.zip"] = DATA[::-1]
    site.faults = [cut(100_000), says(404)]
    refused(site, tmp_path)
    assert got(site, tmp_path, "/b.zip") == DATA[::-1]
    assert site.asked[-1] is None


@pytest.mark.parametrize("lacking", ["ranges", "tags"])
def test_a_server_that_cannot_go_on_starts_again(site: Site, tmp_path: Path, lacking: str):
    setattr(site, lacking, False)
    site.faults = [cut(100_000)]
    assert got(site, tmp_path) == DATA


def test_a_file_that_changed_between_two_parts_is_the_new_one(site: Site, tmp_path: Path):
    site.faults = [cut(100_000, then=lambda: site.files.update({"/a.zip": DATA[::-1]}))]
    assert got(site, tmp_path) == DATA[::-1]


def test_a_server_that_goes_on_with_another_file_is_noticed(site: Site, tmp_path: Path):
    """It heeds Range but not If-Range."""

    def careless(answering: Answering):
        headers = {"ETag": '"other"', "Content-Range": f"bytes 100000-{len(DATA) - 1}/{len(DATA)}"}
        answering.head(206, headers, len(DATA) - 100_000)
        answering.wfile.write(DATA[::-1][100_000:])

    site.faults = [cut(100_000), careless]
    assert got(site, tmp_path) == DATA


def test_a_part_that_starts_elsewhere_is_not_used(site: Site, tmp_path: Path):
    def elsewhere(answering: Answering):
        answering.head(206, {"Content-Range": f"bytes 0-199999/{len(DATA)}"}, 200_000)
        answering.wfile.write(DATA[:200_000])

    site.faults = [cut(100_000), elsewhere]
    assert got(site, tmp_path) == DATA


def test_a_server_may_send_less_than_the_rest(site: Site, tmp_path: Path):
    def less(answering: Answering) -> None:
        answering.head(206, {"Content-Range": f"bytes 100000-199999/{len(DATA)}"}, 100_000)
        answering.wfile.write(DATA[100_000:200_000])

    site.faults = [cut(100_000), less]
    assert got(site, tmp_path) == DATA
    assert site.asked[-1] == "bytes=200000-"


def test_a_complete_part_is_recognised(site: Site, tmp_path: Path):
    """The server then has nothing to send and answers 416."""
    site.faults = [overpromised]
    assert got(site, tmp_path) == DATA
    assert site.asked == [None, f"bytes={len(DATA)}-"]


def test_a_part_longer_than_the_file_is_thrown_away(site: Site, tmp_path: Path):
    site.faults = [cut(100_000), lambda answering: answering.head(416, {"Content-Range": "bytes */50000"})]
    assert got(site, tmp_path) == DATA
    assert site.asked[-1] is None


@pytest.mark.parametrize("status", [503, 500, 429])
def test_a_busy_server_is_asked_again_which_is_said(site: Site, tmp_path: Path, status: int):
    site.faults = [says(status), says(status)]
    said: list[str] = []
    receive(f"{site.url}/a.zip", tmp_path / "a", lambda done, total: None, said.append, QUICK)
    assert (tmp_path / "a").read_bytes() == DATA
    assert [str(status) in line and "again" in line for line in said] == [True, True]


def test_a_server_that_stays_busy_is_given_up_with_8(site: Site, tmp_path: Path):
    site.faults = [says(503)] * 9
    error = refused(site, tmp_path)
    assert error.code == ENVIRONMENT
    assert "503" in str(error)
    assert len(site.asked) == 1 + len(QUICK.pauses)


def test_a_server_that_always_cuts_at_the_same_place_is_given_up(site: Site, tmp_path: Path):
    site.ranges = False
    site.faults = [cut(100_000)] * 99
    assert refused(site, tmp_path).code == ENVIRONMENT
    assert len(site.asked) == 1 + len(QUICK.pauses)


def test_a_bad_line_is_not_given_up_while_it_makes_headway(site: Site, tmp_path: Path):
    site.files["/a.zip"] = data = bytes(8 * HEADWAY)
    site.faults = [cut(HEADWAY)] * 7
    assert got(site, tmp_path) == data


def test_a_silent_server_is_given_up(site: Site, tmp_path: Path):
    with pytest.raises(MmrsError) as caught:
        receive("http://127.0.0.1:9/a.zip", tmp_path / "a", lambda done, total: None, lambda line: None, QUICK)
    assert caught.value.code == ENVIRONMENT


def test_a_missing_file_ends_with_4_at_once(site: Site, tmp_path: Path):
    site.faults = [says(404)]
    error = refused(site, tmp_path)
    assert (error.code, len(site.asked)) == (MANUAL, 1)
    assert "--data" in error.hint


def test_a_web_page_in_place_of_the_file_is_refused(site: Site, tmp_path: Path):
    """Servers that want a login send one, and call it a success."""
    site.media = "text/html; charset=utf-8"
    assert "web page" in str(refused(site, tmp_path))


def test_a_redirect_is_followed(site: Site, tmp_path: Path):
    site.redirects = {"/old.zip": "/older.zip", "/older.zip": f"{site.url}/a.zip"}
    assert got(site, tmp_path, "/old.zip") == DATA


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a.zip", "/old.zip", "http://", "http://[x/"])
def test_a_redirect_to_anything_else_is_refused(site: Site, tmp_path: Path, target: str):
    site.redirects = {"/old.zip": target}
    assert refused(site, tmp_path, "/old.zip").code == MANUAL


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a.zip", "a.zip", "http:///a.zip"])
def test_only_http_is_downloaded_from(tmp_path: Path, url: str):
    with pytest.raises(MmrsError, match="only http and https"):
        receive(url, tmp_path / "a", lambda done, total: None, lambda line: None, QUICK)


def test_a_file_larger_than_the_disk_is_refused_before_it_is_downloaded(site: Site, tmp_path: Path):
    site.faults = [lambda answering: answering.head(200, {}, 10**16)]
    error = refused(site, tmp_path)
    assert error.code == ENVIRONMENT
    assert str(10**16) in str(error)
    assert f"{shutil.disk_usage(tmp_path).free}"[:2] in str(error)


@pytest.fixture
def secure(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Path]]:
    """A server with a certificate that it gave itself, and that certificate."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Site(files={"/a.zip": DATA}), tls) as site:
        yield site, certificate


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: tuple[Site, Path], tmp_path: Path):
    assert "certificate" in str(refused(secure[0], tmp_path))


def test_a_redirect_from_https_to_http_is_refused(
    secure: tuple[Site, Path], site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    safe, certificate = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    safe.redirects = {"/old.zip": f"{site.url}/a.zip"}
    assert "https to http" in str(refused(safe, tmp_path, "/old.zip"))
    assert site.asked == []
    assert got(safe, tmp_path) == DATA

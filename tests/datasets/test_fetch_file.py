"""fetch_file against a server that misbehaves."""

import builtins
import errno
import hashlib
import json
import logging
import subprocess
import sys
import threading

import numpy as np
import pytest

from skgenes.datasets import clear_data_home, fetch_file, get_data_home

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = {"delay": 0.0, "timeout": 5.0}


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def names(home):
    return sorted(path.name for path in home.iterdir())


def test_fetched_once_and_verified(server, home):
    url = server.put("genes.bin", CONTENT)
    path = fetch_file(url, data_home=home)
    assert path == home / "genes.bin"
    assert path.read_bytes() == CONTENT
    assert fetch_file(url, data_home=home) == path
    assert [path for path, _ in server.requests] == ["/genes.bin"]
    assert names(home) == [".genes.bin.lock", "genes.bin", "genes.bin.sha256"]
    record = (home / "genes.bin.sha256").read_text()
    assert record == f"# fetched by skgenes from {url}\n{SHA256}  genes.bin\n"


def test_record_is_what_sha256sum_reads(server, home):
    fetch_file(server.put("genes.bin", CONTENT), data_home=home)
    check = subprocess.run(
        ["sha256sum", "--strict", "--check", "genes.bin.sha256"], cwd=home, capture_output=True
    )
    assert check.returncode == 0, check.stderr


def test_compressed_files_stay_compressed(server, home):
    path = fetch_file(server.put("a.txt.gz", b"\x1f\x8b rest"), data_home=home)
    assert path.read_bytes() == b"\x1f\x8b rest"
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_empty_file(server, home):
    assert fetch_file(server.put("none", b""), data_home=home).read_bytes() == b""


@pytest.mark.parametrize(
    "mark", [{"etag": '"1"'}, {"etag": None, "modified": "Wed, 21 Oct 2015 07:28:00 GMT"}]
)
def test_goes_on_where_it_stopped(server, home, mark):
    faults = [("cut", 1_000_000), ("cut", 500_000)]
    url = server.put("genes.bin", CONTENT, faults=faults, **mark)
    assert fetch_file(url, data_home=home, **QUICK).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=1000000-", "bytes=1500000-"]
    assert server.requests[1][1]["If-Range"] == (mark["etag"] or mark["modified"])


def test_goes_on_in_a_later_call(server, home):
    url = server.put("genes.bin", CONTENT, faults=[("cut", 1_000_000)])
    with pytest.raises(ConnectionError, match=r"Could not download .*/genes.bin.*1000000 bytes"):
        fetch_file(url, data_home=home, n_retries=0)
    assert (home / "genes.bin.part").stat().st_size == 1_000_000
    assert not (home / "genes.bin").exists()
    assert fetch_file(url, data_home=home, sha256=SHA256).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=1000000-"]
    assert names(home) == [".genes.bin.lock", "genes.bin", "genes.bin.sha256"]


def test_complete_part_needs_no_request(server, home):
    url = server.put("genes.bin", CONTENT)
    home.mkdir()
    (home / "genes.bin.part").write_bytes(CONTENT)
    notes = {"url": url, "mark": '"1"', "size": len(CONTENT)}
    (home / "genes.bin.part.json").write_text(json.dumps(notes))
    assert fetch_file(url, data_home=home).read_bytes() == CONTENT
    assert server.requests == []


def cut_off(server, home, **options):
    url = server.put("genes.bin", b"x" * 2_000_000, faults=[("cut", 1_000_000)], **options)
    with pytest.raises(ConnectionError, match="Could not download"):
        fetch_file(url, data_home=home, n_retries=0)
    server.requests.clear()
    return url


@pytest.mark.parametrize("heeds_if_range", [True, False])
@pytest.mark.parametrize("length", [500_000, 2_000_000, 3_000_000])
def test_changed_file_is_not_glued(server, home, heeds_if_range, length):
    url = cut_off(server, home)
    server.put("genes.bin", CONTENT[:length], etag='"2"', heeds_if_range=heeds_if_range)
    path = fetch_file(url, data_home=home, n_retries=0)
    assert path.read_bytes() == CONTENT[:length]
    assert server.ranges() == ["bytes=1000000-"] + [None] * (not heeds_if_range)


def test_changed_size_is_noticed_without_a_mark(server, home):
    url = cut_off(server, home)
    server.put("genes.bin", CONTENT, etag=None)
    page = server.pages["/genes.bin"]
    page.heeds_if_range = False
    assert fetch_file(url, data_home=home, n_retries=0).read_bytes() == CONTENT


def test_server_without_ranges(server, home):
    url = server.put("genes.bin", CONTENT, ranges=False, faults=[("cut", 1_000_000)])
    assert fetch_file(url, data_home=home, **QUICK).read_bytes() == CONTENT


@pytest.mark.parametrize("mark", [{"etag": None}, {"etag": 'W/"1"'}])
def test_without_a_strong_mark_it_starts_again(server, home, mark):
    url = server.put("genes.bin", CONTENT, faults=[("cut", 1_000_000)], **mark)
    assert fetch_file(url, data_home=home, **QUICK).read_bytes() == CONTENT
    assert server.ranges() == [None, None]


def test_part_of_another_url_is_not_used(server, home):
    cut_off(server, home)
    url = server.put("other", CONTENT)
    assert fetch_file(url, name="genes.bin", data_home=home).read_bytes() == CONTENT
    assert server.ranges() == [None]


@pytest.mark.parametrize("notes", ["{", "[]", "{}", '{"url": 1}'])
def test_broken_notes_mean_a_new_start(server, home, notes):
    url = cut_off(server, home)
    (home / "genes.bin.part.json").write_text(notes)
    assert fetch_file(url, data_home=home).read_bytes() == b"x" * 2_000_000
    assert server.ranges() == [None]


def test_unknown_length(server, home):
    url = server.put("genes.bin", CONTENT, says_length=False)
    assert fetch_file(url, data_home=home, sha256=SHA256).read_bytes() == CONTENT


def test_cut_rest_of_unknown_length_is_noticed(server, home):
    url = cut_off(server, home)
    faults = [("cut", 300_000)]
    server.put("genes.bin", b"x" * 2_000_000, says_length=False, faults=faults)
    with pytest.raises(ConnectionError, match="the connection ended after 1300000 bytes"):
        fetch_file(url, data_home=home, n_retries=0)
    assert fetch_file(url, data_home=home).read_bytes() == b"x" * 2_000_000
    assert server.ranges() == ["bytes=1000000-", "bytes=1300000-"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_is_asked_again(server, home, status):
    url = server.put("genes.bin", CONTENT, faults=[("status", status)] * 2)
    assert fetch_file(url, data_home=home, **QUICK).read_bytes() == CONTENT


def test_retries_are_bounded(server, home):
    url = server.put("genes.bin", CONTENT, faults=[("status", 503)] * 9)
    with pytest.raises(ConnectionError, match="the server answered 503 Service Unavailable"):
        fetch_file(url, data_home=home, n_retries=2, delay=0.0)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [403, 404, 410])
def test_refusal_is_final(server, home, status):
    url = server.put("genes.bin", CONTENT, faults=[("status", status)])
    with pytest.raises(OSError, match=f"the server answered {status}") as caught:
        fetch_file(url, data_home=home)
    assert not isinstance(caught.value, ConnectionError)
    assert len(server.requests) == 1
    assert not (home / "genes.bin").exists()


def test_impossible_address_is_not_tried_again(home):
    with pytest.raises(OSError, match=r"download http:///genes\.bin: InvalidURL") as caught:
        fetch_file("http:///genes.bin", data_home=home, delay=60.0)
    assert not isinstance(caught.value, ConnectionError)


def test_silent_server(server, home):
    url = server.put("genes.bin", CONTENT, faults=[("wait", 0.5)])
    with pytest.raises(ConnectionError, match=r"Could not download.*[Tt]ime"):
        fetch_file(url, data_home=home, n_retries=0, timeout=0.1)


def test_offline_says_what_to_do_by_hand(home):
    url = "http://127.0.0.1:9/genes.bin"  # nobody listens there
    with pytest.raises(ConnectionError) as caught:
        fetch_file(url, data_home=home, sha256=SHA256, n_retries=1, delay=0.0)
    for part in (url, str(home / "genes.bin"), f"sha256:{SHA256}", "by hand"):
        assert part in str(caught.value)
    with pytest.raises(ConnectionError, match="no checksum is known; the first one found is rec"):
        fetch_file(url, data_home=home, n_retries=0)
    (home / "genes.bin").write_bytes(CONTENT)
    assert fetch_file(url, data_home=home, sha256=SHA256).read_bytes() == CONTENT


def test_wrong_download_is_deleted(server, home):
    url = server.put("genes.bin", b"an error page")
    with pytest.raises(ValueError, match=f"{url} gave does not have .*{SHA256}, and was deleted"):
        fetch_file(url, data_home=home, sha256=SHA256)
    assert names(home) == [".genes.bin.lock"]
    server.put("genes.bin", CONTENT)
    assert fetch_file(url, data_home=home, sha256=SHA256.upper()).read_bytes() == CONTENT


def test_changed_on_this_machine_is_noticed_and_left(server, home):
    url = server.put("genes.bin", CONTENT)
    path = fetch_file(url, data_home=home)
    path.write_bytes(b"mine")
    with pytest.raises(ValueError, match=f"recorded when it was fetched is sha256:{SHA256}"):
        fetch_file(url, data_home=home)
    with pytest.raises(ValueError, match=f"passed or published is sha256:{SHA256}"):
        fetch_file(url, data_home=home, sha256=SHA256)
    assert path.read_bytes() == b"mine"
    # What the user passes counts for more than what was recorded, and is recorded.
    fetch_file(url, data_home=home, sha256=hashlib.sha256(b"mine").hexdigest())
    assert fetch_file(url, data_home=home).read_bytes() == b"mine"


def test_record_of_somebody_else_is_left(server, home):
    home.mkdir()
    (home / "genes.bin.sha256").write_text("hello")
    with pytest.raises(ValueError, match="is not a record that skgenes wrote"):
        fetch_file(server.put("genes.bin", CONTENT), data_home=home)
    assert (home / "genes.bin.sha256").read_text() == "hello"


def test_same_name_from_two_places(server, home):
    first = server.put("a/matrix.txt", b"first")
    second = server.put("b/matrix.txt", b"second")
    fetch_file(first, data_home=home)
    with pytest.raises(ValueError, match=f"was fetched from {first}, not from {second}"):
        fetch_file(second, data_home=home)
    assert fetch_file(second, data_home=home, name="b.txt").read_bytes() == b"second"


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("ftp://host/a", {}, "must begin with http:// or https://, got 'ftp://host/a'"),
        ("file:///etc/hosts", {}, "must begin with http"),
        ("http://host/", {}, "'' cannot be the name of a file"),
        ("http://host/a", {"name": "../a"}, r"'../a' cannot be the name"),
        ("http://host/a", {"name": "a/b"}, "'a/b' cannot be the name"),
        ("http://host/%2e%2e", {}, r"'..' cannot be the name"),
        ("http://host/a.sha256", {}, "'a.sha256' cannot be the name"),
        ("http://host/a", {"sha256": "12"}, "sha256 must be 64 hexadecimal digits, got '12'"),
        ("http://host/a", {"n_retries": -1}, "'n_retries' parameter of fetch_file"),
        ("http://host/a", {"timeout": 0}, "'timeout' parameter of fetch_file"),
        (3, {}, "'url' parameter of fetch_file must be an instance of 'str'"),
    ],
)
def test_bad_parameters(home, url, options, message):
    with pytest.raises(ValueError, match=message):
        fetch_file(url, data_home=home, **options)


def test_threads_share_one_download(server, home):
    url = server.put("genes.bin", CONTENT, faults=[("wait", 0.3)])
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch_file(url, data_home=home).read_bytes()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 4
    assert len(server.requests) == 1


def test_processes_share_one_download_and_a_killed_one_goes_on(server, home):
    url = server.put("genes.bin", CONTENT, faults=[("cut", 1_000_000)])
    code = (
        "import sys; from skgenes.datasets import fetch_file; "
        "fetch_file(sys.argv[1], data_home=sys.argv[2], delay=60.0)"
    )
    command = [sys.executable, "-c", code, url, str(home)]
    with subprocess.Popen(command) as process:
        # It waits for a minute after the connection broke, holding the lock.
        while not server.requests:
            assert process.poll() is None
        part = home / "genes.bin.part"
        while not (part.exists() and part.stat().st_size == 1_000_000):
            assert process.poll() is None
        waiting = threading.Thread(target=fetch_file, args=(url,), kwargs={"data_home": home})
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        assert len(server.requests) == 1
        process.kill()
    waiting.join(20)
    assert (home / "genes.bin").read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=1000000-"]
    assert names(home) == [".genes.bin.lock", "genes.bin", "genes.bin.sha256"]


def test_file_system_without_locks(server, home, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(file, operation):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match=r"cannot lock files .* Set SKGENES_DATA_HOME or data_home"):
        fetch_file(server.put("genes.bin", CONTENT), data_home=home)
    assert server.requests == []


def test_interrupt_keeps_the_part(server, home, monkeypatch):
    def interrupt(seconds):
        raise KeyboardInterrupt

    url = server.put("genes.bin", CONTENT, faults=[("cut", 1_000_000)])
    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch_file(url, data_home=home)
    assert names(home) == [".genes.bin.lock", "genes.bin.part", "genes.bin.part.json"]


def without(monkeypatch, package):
    real = builtins.__import__

    def fails(name, *args, **kwargs):
        if name.split(".")[0] == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fails)


def test_without_pooch(server, home, monkeypatch):
    monkeypatch.delenv("SKGENES_DATA_HOME", raising=False)
    url = server.put("genes.bin", CONTENT)
    without(monkeypatch, "pooch")
    with pytest.raises(ImportError, match=r"pip install skgenes\[datasets\]"):
        fetch_file(url, data_home=home)
    with pytest.raises(ImportError, match=r"pip install skgenes\[datasets\]"):
        get_data_home()
    # What is there already needs no pooch.
    (home / "genes.bin").write_bytes(CONTENT)
    assert fetch_file(url, data_home=home, sha256=SHA256).read_bytes() == CONTENT


def test_progress(server, home, capsys, monkeypatch):
    url = server.put("genes.bin", CONTENT, faults=[("cut", 1_000_000)])
    assert fetch_file(url, data_home=home, progress=True, **QUICK).read_bytes() == CONTENT
    assert "genes.bin" in capsys.readouterr().out
    fetch_file(server.put("quiet.bin", CONTENT), data_home=home)
    assert capsys.readouterr().out == ""
    without(monkeypatch, "rich")
    with pytest.raises(ImportError, match=r"pip install skgenes\[progress\]"):
        fetch_file(server.put("other.bin", CONTENT), data_home=home, progress=True)


def test_loggers_are_left_alone(server, home):
    import pooch

    logger = pooch.get_logger()
    before = (logger.level, list(logger.handlers), logging.getLogger().level)
    fetch_file(server.put("genes.bin", CONTENT), data_home=home)
    assert (logger.level, list(logger.handlers), logging.getLogger().level) == before


def test_data_home(tmp_path, monkeypatch):
    import pooch

    monkeypatch.setenv("SKGENES_DATA_HOME", str(tmp_path / "variable"))
    assert get_data_home() == tmp_path / "variable"
    assert get_data_home(str(tmp_path / "given" / "deep")) == tmp_path / "given" / "deep"
    assert (tmp_path / "given" / "deep").is_dir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_data_home("~/mine") == tmp_path / "mine"
    monkeypatch.delenv("SKGENES_DATA_HOME")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    assert get_data_home() == tmp_path / "cache" / "skgenes"


def test_clear_data_home_deletes_only_what_was_fetched(server, home):
    fetch_file(server.put("genes.txt.gz", CONTENT), data_home=home)
    cut_off(server, home)
    (home / "thesis.txt").write_text("mine")
    (home / "thesis.txt.sha256").write_text("0  thesis.txt")
    clear_data_home(home)
    assert names(home) == ["thesis.txt", "thesis.txt.sha256"]
    (home / "thesis.txt").unlink()
    (home / "thesis.txt.sha256").unlink()
    clear_data_home(home)
    assert not home.exists()

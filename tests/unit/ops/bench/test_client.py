"""The raw-socket client reads answers right however they are cut, and says so when it cannot."""

from __future__ import annotations

from itertools import islice

import pytest

from charthouse.ops.bench.client import Answers, chosen, length, percentile, requests

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("cut", range(1, len(OK)))
def test_an_answer_in_two_pieces_is_one_answer_wherever_it_is_cut(cut: int) -> None:
    answers = Answers()
    assert answers.feed(OK[:cut]) is None
    assert answers.feed(OK[cut:]) == 200


def test_one_connection_reads_answer_after_answer() -> None:
    answers = Answers()
    assert answers.feed(OK) == 200
    assert answers.feed(OK.replace(b"200 OK", b"404 Not Found")) == 404
    assert answers.feed(OK[:-3]) is None
    assert answers.feed(OK[-3:]) == 200


def test_an_answer_without_a_body_needs_no_length() -> None:
    assert Answers().feed(b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n") == 304


def test_what_the_client_cannot_read_is_an_error_not_a_figure() -> None:
    with pytest.raises(ValueError, match="length"):
        length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked")
    with pytest.raises(ValueError, match=r"HTTP/1\.1"):
        length(b"SSH-2.0-OpenSSH")
    with pytest.raises(ValueError, match="more came"):
        Answers().feed(OK + b"!")


def test_a_request_has_its_headers_and_the_length_of_its_bytes() -> None:
    get, post = requests(["GET\t/fhir/Patient/1\t\n", "POST\t/fhir\tzwölf\n"], ["Authorization: Bearer x"])
    assert get == b"GET /fhir/Patient/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n\r\n"
    assert post.endswith("Content-Length: 6\r\n\r\nzwölf".encode())


def test_requests_come_in_turn_from_where_it_is_said_or_at_random() -> None:
    made = [b"a", b"b", b"c"]
    assert list(islice(chosen(made, "4"), 4)) == [b"b", b"c", b"a", b"b"]
    assert set(islice(chosen(made, "random"), 200)) == set(made)


def test_percentiles_are_read_off_the_ordered_times() -> None:
    times = [float(number) for number in range(1, 101)]
    assert percentile(times, 0.50) == 51
    assert percentile(times, 0.99) == 100
    assert percentile([7.0], 0.99) == 7
    assert percentile([], 0.5) == 0

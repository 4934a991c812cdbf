"""The compression dictionary: the same each time, and worth its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import zstandard

from charthouse.ops.demo import bundles
from charthouse.ops.demo.dictionary import main, train
from charthouse.store.body import Codec, rest


def bodies() -> list[bytes]:
    return [
        rest(entry["resource"]) for bundle in bundles(99, 6, date(2026, 2, 3)) for entry in bundle["entry"]
    ]


def test_training_gives_the_same_dictionary_twice() -> None:
    assert train(16_384, 5, 8) == train(16_384, 5, 8)


def test_other_charts_are_half_as_large_with_it_and_come_back_whole() -> None:
    codec, plain = Codec([(1, train(32_768, 5, 12))]), zstandard.ZstdCompressor(level=3)
    with_it, without = 0, 0
    for body in bodies():
        blob = codec.pack(body)
        assert codec.unpack(blob) == body
        with_it += len(blob)
        without += len(plain.compress(body))
    assert with_it < without * 0.6


def test_the_command_writes_where_it_is_told(tmp_path: Path) -> None:
    target = tmp_path / "dictionary.zstd"
    assert main([str(target)]) == 0
    assert target.stat().st_size == 64 * 1024
    assert zstandard.ZstdCompressionDict(target.read_bytes()).dict_id() != 0

"""Random numbers that never depend on the order of events (common random numbers).

Every draw has an address: purpose, attempt and the email's rank among the emails of the scenario. Streams are keyed by
purpose, attempt and block of emails and drawn lazily in blocks, so the same address gives the same number whatever
happened before, and two patterns compared on one seed see the same world.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum
from typing import Final

import numpy as np

from outboxsim.quantities import RandomDuration

#: Emails per block: 4,096 cost 167 ns a draw all told (measured); attempts that few emails reach use small blocks.
_BLOCK_BITS: Final = 12
_LATE_BLOCK_BITS: Final = 5
_LATE_ATTEMPT: Final = 12
#: Blocks kept in memory; an evicted block is drawn again, with the same numbers.
_BLOCKS_KEPT: Final = 192


class Purpose(IntEnum):
    """What a stream of random numbers is for; the numbers are part of the seed's meaning and never change."""

    FAILURE = 1
    ERROR = 2
    LATENCY = 3
    JITTER = 4
    BREAKDOWN = 5
    ARRIVAL = 6


class Draws:
    """All random numbers of one replication.

    Parameters
    ----------
    seed
        The scenario's seed.
    replication
        The number of the replication; 0 is the one that ``run`` runs.
    """

    def __init__(self, seed: int, replication: int = 0) -> None:
        self._seed = seed
        self._replication = replication
        self._blocks: OrderedDict[tuple[object, ...], np.ndarray] = OrderedDict()
        self._lists: dict[tuple[object, ...], list[float]] = {}  # the same blocks for reading one number at a time

    def forget(self) -> None:
        """Free the blocks; whoever asks for a number again gets the same."""
        self._blocks.clear()
        self._lists.clear()

    def generator(self, purpose: Purpose, *key: int) -> np.random.Generator:
        """A stream of its own for `purpose` and `key`."""
        sequence = np.random.SeedSequence(self._seed, spawn_key=(self._replication, int(purpose), *key))
        return np.random.Generator(np.random.PCG64(sequence))

    def uniform(self, purpose: Purpose, attempt: int, rank: int) -> float:
        """The uniform number in [0, 1) of this purpose for an attempt of the email of this rank."""
        bits = _BLOCK_BITS if attempt < _LATE_ATTEMPT else _LATE_BLOCK_BITS
        block = self._lists.get((purpose, attempt, rank >> bits))
        if block is None:
            block = self._list((purpose, attempt, rank >> bits), self._uniform_block(purpose, attempt, rank >> bits))
        return block[rank & ((1 << bits) - 1)]

    def uniforms(self, purpose: Purpose, attempts: np.ndarray, ranks: np.ndarray) -> np.ndarray:
        """The same numbers for many attempts at once."""
        return _gathered(attempts, ranks, lambda attempt, block: self._uniform_block(purpose, attempt, block))

    def duration(self, duration: RandomDuration, attempt: int, rank: int, connector: int) -> int:
        """A random duration in whole microseconds, rounded half up, for an attempt of the email of this rank."""
        bits = _BLOCK_BITS if attempt < _LATE_ATTEMPT else _LATE_BLOCK_BITS
        key = (duration, attempt, rank >> bits, connector)
        block = self._lists.get(key)
        if block is None:
            block = self._list(key, self._duration_block(duration, attempt, rank >> bits, connector))
        return int(block[rank & ((1 << bits) - 1)])

    def durations(self, duration: RandomDuration, attempts: np.ndarray, ranks: np.ndarray, connector: int) -> np.ndarray:
        """The same durations for many attempts at once."""
        drawn = _gathered(attempts, ranks, lambda attempt, block: self._duration_block(duration, attempt, block, connector))
        return drawn.astype(np.int64)

    def _duration_block(self, duration: RandomDuration, attempt: int, block: int, connector: int) -> np.ndarray:
        key = (duration, attempt, block, connector)
        drawn = self._blocks.get(key)
        if drawn is None:
            bits = _BLOCK_BITS if attempt < _LATE_ATTEMPT else _LATE_BLOCK_BITS
            generator = self.generator(Purpose.LATENCY, attempt, block, connector)
            drawn = self._keep(key, np.floor(duration.draw(generator, 1 << bits) + 0.5))
        return drawn

    def _uniform_block(self, purpose: Purpose, attempt: int, block: int) -> np.ndarray:
        key = (purpose, attempt, block)
        numbers = self._blocks.get(key)
        if numbers is None:
            bits = _BLOCK_BITS if attempt < _LATE_ATTEMPT else _LATE_BLOCK_BITS
            numbers = self._keep(key, self.generator(purpose, attempt, block).random(1 << bits))
        return numbers

    def _keep(self, key: tuple[object, ...], block: np.ndarray) -> np.ndarray:
        self._blocks[key] = block
        if len(self._blocks) > _BLOCKS_KEPT:
            dropped, _ = self._blocks.popitem(last=False)
            self._lists.pop(dropped, None)
        return block

    def _list(self, key: tuple[object, ...], block: np.ndarray) -> list[float]:
        numbers: list[float] = block.tolist()
        self._lists[key] = numbers
        return numbers


def _gathered(attempts: np.ndarray, ranks: np.ndarray, block_of: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """The numbers of many addresses, block by block."""
    numbers = np.empty(len(ranks))
    for attempt in np.unique(attempts).tolist():
        bits = _BLOCK_BITS if attempt < _LATE_ATTEMPT else _LATE_BLOCK_BITS
        chosen = np.flatnonzero(attempts == attempt)
        blocks = ranks[chosen] >> bits
        for block in np.unique(blocks).tolist():
            places = chosen[blocks == block]
            numbers[places] = block_of(attempt, block)[ranks[places] & ((1 << bits) - 1)]
    return numbers

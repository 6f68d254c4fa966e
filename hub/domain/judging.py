"""Which judgements may stand beside each other: a new one is refused where it contradicts standing ones.

Decides on keys alone (keyed hashes), whether their records are present or not: a judgement that sleeps
would wake into the contradiction. What the judgements make of the records is the partition's to say.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.domain.errors import HubError
from hub.domain.reviews import Verdict

KeyPair = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class StandingJudgement:
    """A judgement that stands; `left` < `right`, the keyed hashes of two records' keys."""

    id: int
    left: bytes
    right: bytes
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is to be written of an act. fresh: pairs not judged so yet, each ordered and once.

    repeated: numbers of the judgements that say so already.
    """

    fresh: tuple[KeyPair, ...]
    repeated: tuple[int, ...]


class JudgementContradicted(HubError):
    """Standing judgements forbid the new one: `judgements` are their numbers, the whole chain."""

    def __init__(self, verdict: Verdict, chain: Sequence[int], different: int | None) -> None:
        self.judgements = tuple(chain) if different is None else (*chain, different)
        named = _named(chain)
        if different is not None and chain:
            sentence = f"{named} would then join what judgement {different} calls different"
        elif different is not None:
            sentence = f"judgement {different} says that these two are different"
        elif len(chain) == 1:
            sentence = f"{named} says that these two are the same"
        else:
            sentence = f"{named} already make these two the same"
        which = "it" if len(self.judgements) == 1 else "one of them"
        super().__init__(f"not judged {verdict}: {sentence}; withdraw {which} first")


def accept(
    standing: Iterable[StandingJudgement], verdict: Verdict, pairs: Iterable[KeyPair]
) -> Accepted:
    """Judge all pairs alike, beside what stands. Raises JudgementContradicted, with the shortest chain.

    standing: at least every judgement on a record that a chain of SAME leads to from one of the pairs.
    """
    beside = _Beside(standing)
    fresh: dict[KeyPair, None] = {}
    repeated: dict[int, None] = {}
    for one, other in pairs:
        pair = (one, other) if one < other else (other, one)
        said = beside.said.get(pair)
        if said is not None and said.verdict is verdict:
            repeated[said.id] = None
        elif pair not in fresh:
            beside.check(verdict, pair)
            fresh[pair] = None
            if verdict is Verdict.SAME:
                beside.join(pair)
    return Accepted(tuple(fresh), tuple(repeated))


class _Beside:
    """Standing judgements as chains of SAME, with those of the act itself, which have no number."""

    def __init__(self, standing: Iterable[StandingJudgement]) -> None:
        ordered = sorted(standing, key=lambda judgement: judgement.id)
        self.said = {(judgement.left, judgement.right): judgement for judgement in ordered}
        self._different = [one for one in ordered if one.verdict is Verdict.DIFFERENT]
        self._ties: defaultdict[bytes, list[tuple[bytes, int | None]]] = defaultdict(list)
        self._reached: dict[bytes, Mapping[bytes, tuple[int, ...]]] = {}
        for judgement in ordered:
            if judgement.verdict is Verdict.SAME:
                self.join((judgement.left, judgement.right), judgement.id)

    def join(self, pair: KeyPair, number: int | None = None) -> None:
        left, right = pair
        self._ties[left].append((right, number))
        self._ties[right].append((left, number))
        self._reached.clear()

    def check(self, verdict: Verdict, pair: KeyPair) -> None:
        left, right = self._chains(pair[0]), self._chains(pair[1])
        if verdict is Verdict.DIFFERENT:
            if pair[1] in left:
                raise JudgementContradicted(verdict, left[pair[1]], None)
            return
        found = min(
            self._broken(left, right),
            key=lambda broken: (len(broken[0]), *broken),
            default=None,
        )
        if found is not None:
            raise JudgementContradicted(verdict, *found)

    def _broken(
        self, left: Mapping[bytes, tuple[int, ...]], right: Mapping[bytes, tuple[int, ...]]
    ) -> Iterator[tuple[tuple[int, ...], int]]:
        """Each DIFFERENT between the two, with the chains that lead to it."""
        for judgement in self._different:
            for a, b in (
                (judgement.left, judgement.right),
                (judgement.right, judgement.left),
            ):
                if a in left and b in right:
                    yield tuple(sorted({*left[a], *right[b]})), judgement.id

    def _chains(self, start: bytes) -> Mapping[bytes, tuple[int, ...]]:
        """Every key that SAME ties to this one, itself too, each with the shortest chain's judgements."""
        found = self._reached.get(start)
        if found is None:
            reached: dict[bytes, tuple[int, ...]] = {start: ()}
            waiting = deque([start])
            while waiting:
                key = waiting.popleft()
                for other, number in self._ties[key]:
                    if other not in reached:
                        step = () if number is None else (number,)
                        reached[other] = (*reached[key], *step)
                        waiting.append(other)
            found = self._reached[start] = reached
        return found


def _named(numbers: Sequence[int]) -> str:
    if not numbers:
        return "this act"
    word = "judgement" if len(numbers) == 1 else "judgements"
    return f"{word} {', '.join(map(str, numbers))}"

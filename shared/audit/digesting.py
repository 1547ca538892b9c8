"""Puts the heads of the chains that this process changed into a digest, some seconds after the
first change; while nothing changes, nothing is done."""

import asyncio
import logging
from collections.abc import Mapping
from contextvars import Context
from datetime import timedelta

from shared.audit.digests import Digest, Digests, Head, Heads, SealingState
from shared.audit.lost_heads import LostHeads
from shared.audit.sealing import Sealing
from shared.errors import BrokenDigests, Problem
from shared.models.clock import Clock

log = logging.getLogger(__name__)

_LOOK_AGAIN = timedelta(hours=1)
_LATE = timedelta(minutes=10)
"""How long before it is stored an event may be dated."""


class Digesting:
    """The timer is this process's own: the platform's timers run on one host, and what changed is
    known to the host that changed it."""

    def __init__(
        self,
        *,
        digests: Digests,
        lost_heads: LostHeads,
        sealing: Sealing,
        seconds: float,
        clock: Clock,
    ) -> None:
        self._digests = digests
        self._lost_heads = lost_heads
        self._sealing = sealing
        self._seconds = seconds
        self._clock = clock
        self._changed: dict[str, Head] = {}
        self._timer: asyncio.Task[None] | None = None

    def note(self, event_id: str, event_hash: str) -> None:
        """An event has been written. No storage call."""
        chain, _, number = event_id.partition(".")
        self._keep(chain, (int(number), event_hash))
        if self._timer is None or self._timer.done():
            # In a context of its own: what it does is no part of the request that began it.
            self._timer = asyncio.create_task(self._wait_and_run(), context=Context())

    def _keep(self, chain: str, head: Head) -> None:
        self._changed[chain] = max(self._changed.get(chain, (0, "")), head)

    async def _wait_and_run(self) -> None:
        """A failure is logged, and what was to be in the digest is for the next."""
        while self._changed:
            await asyncio.sleep(self._seconds)
            try:
                await self.run()
            except Problem as problem:
                log.warning("The digest of the audit trail has to wait: %s", problem.detail)
            except BrokenDigests:
                log.exception("The digests of the audit trail do not hold")
            except Exception as error:
                log.exception("No digest of the audit trail: %s", type(error).__name__)

    async def run(self) -> None:
        """Make a digest of what changed, and seal what is due. Raises BrokenDigests."""
        changed, self._changed = self._changed, {}
        if not changed:
            return
        try:
            digest = await self._append(changed)
        except BaseException:
            for chain, head in changed.items():
                self._keep(chain, head)
            raise
        while self._sealing.is_due(digest.sealing, self._clock.now()):
            digest = await self._seal(digest)

    async def _append(self, changed: Mapping[str, Head]) -> Digest:
        moment = self._clock.now()

        async def make(newest: Digest | None) -> Digest:
            oldest = newest.looked_until if newest else moment - _LOOK_AGAIN
            heads: Heads = {}
            if moment - oldest >= _LOOK_AGAIN:
                heads, oldest = await self._lost_heads.find(moment, oldest), moment - _LATE
            heads |= {chain: [head] for chain, head in changed.items()}
            sealing = newest.sealing if newest else SealingState()
            return Digest(made_at=moment, looked_until=oldest, heads=heads, sealing=sealing)

        return await self._digests.append(make)

    async def _seal(self, before: Digest) -> Digest:
        """A step of the sealing in a digest of its own. Where another host was faster, that goes
        on from where the other is."""
        moment = self._clock.now()
        step = await self._sealing.take_step(before.sealing, moment)

        async def make(newest: Digest | None) -> Digest:
            known = newest or before
            is_overtaken = known.sealing != before.sealing
            return Digest(
                made_at=moment,
                looked_until=known.looked_until,
                seals=step.seals,
                sealing=known.sealing if is_overtaken else step.state,
            )

        return await self._digests.append(make)

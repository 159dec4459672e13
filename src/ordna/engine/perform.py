"""Send what was decided: effects that are due leave the building, and their answers come back as facts.

A round has three parts. First one transaction: take the oldest undone effect of each order of the leased lanes, look
at the order once more, withdraw what is no longer wanted, reserve points, mark the rest as *sending*. Then the calls,
with no transaction open. Then one transaction: rows updated, answers filed in the inbox.

A row that is still *sending* when its patience is over belongs to a worker that died or was cut off, so nobody knows
whether its call arrived. It is treated like an answer that got lost: *in doubt*, looked up first, and sent again only
once the other side has shown that nothing happened. After eight tries it is *dead*, with the cause, and a person's
turn; the effects behind it do not wait. An answer "not now, you are over budget" is no try. A worker that wakes up
after its patience begins no call any more, and its answers don't count.

A call that got no answer has the shop asked at once what changed. If that gets none either the connection is dark
(`sweeps`), and its effects wait, with the tries they have left, until the shop can be asked again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
from msgspec import Struct

from ordna.connectors.contract import Answer, Budget, Outbound
from ordna.core.effects import Effect, NoteOrder, PurchaseLabel, ShipPart, TagOrder, UntagOrder
from ordna.core.masking import masked, one_line
from ordna.core.messages import EffectAnswered, PersonSeen
from ordna.core.order import decode_state
from ordna.core.outcome import Refusal
from ordna.core.planning import unwanted
from ordna.engine import budget, labels, logs
from ordna.engine.held import fence_rows
from ordna.engine.lanes import place_of
from ordna.engine.leases import Lease
from ordna.engine.outbounds import Outbounds
from ordna.engine.retry import TRIES_MAX, wait_s
from ordna.store import carriers, outside, persons, watch
from ordna.store.database import Connection, Database
from ordna.store.outbox import open_effect
from ordna.store.outside import Answered, DueEffect, Internal
from ordna.store.sealing import Keyring

BATCH_MAX = 200
CALLS_AT_ONCE = 8
PATIENCE_S = 60.0
BEGIN_WITHIN = 0.25
"""The share of its patience within which a call must have begun; the rest is for the call itself."""
URGENCY = 0
NOT_SENT = "not_sent"
THROTTLED = "throttled"
ASK_DARK_S = 15.0
_NO_SILENCE = frozenset({NOT_SENT, THROTTLED, "connector_failed"})
ERASED = Refusal("erased", "order", "The person it was about has been erased.")


_log = logging.getLogger(__name__)


class NotLive(AssertionError):
    """An effect was about to be sent through a connection that only observes."""


class Sending(Struct, frozen=True):
    """One effect on its way: its row, its body, the connector it goes through and the points set aside for it."""

    row: DueEffect
    effect: Effect
    outbound: Outbound
    points: float


class Performer:
    """Sends due effects of leased lanes, round by round. `patience_s`: how long a call may be on its way."""

    def __init__(
        self,
        database: Database,
        outbounds: Outbounds,
        ring: Keyring,
        *,
        patience_s: float = PATIENCE_S,
        calls_at_once: int = CALLS_AT_ONCE,
    ) -> None:
        self._database = database
        self._outbounds = outbounds
        self._ring = ring
        self._patience_s = patience_s
        self._calls_at_once = calls_at_once
        self._pool = ThreadPoolExecutor(calls_at_once, thread_name_prefix="ordna-perform")
        self._stopping = threading.Event()

    def round(self, leases: Sequence[Lease]) -> int:
        """One round over these leases; how many effects moved."""
        begin_by = time.monotonic() + self._patience_s * BEGIN_WITHIN
        sending, moved = self._claim(leases)
        if sending:
            self._record(sending, self._call_all(sending, begin_by))
        return moved + len(sending)

    def stop(self) -> None:
        """Begin no call any more; what was claimed for one goes back to be sent by others."""
        self._stopping.set()

    def close(self) -> None:
        """Let calls under way end."""
        self._pool.shutdown(wait=True)

    def _claim(self, leases: Sequence[Lease]) -> tuple[list[Sending], int]:
        """What to send now, marked; and how many were withdrawn."""
        lanes = [lease[:2] for lease in leases]
        with self._database.engine([merchant for merchant, _ in lanes]) as conn:
            due = outside.due_effects(conn, lanes, BATCH_MAX)
            if not due:
                return [], 0
            fence_rows(conn, leases, due)
            wanted, withdrawn = _sorted_out(due, [self._opened(row) for row in due])
            outside.record_answers(conn, [answered for answered, _ in withdrawn])
            outside.file_internal(conn, [message for _, message in withdrawn])
            sending = _affordable(conn, self._through(conn, wanted))
            marked = outside.mark_sending(conn, [one.row for one in sending], self._patience_s)
            budget.settle_each(conn, [_spent(one, 0.0, None) for one in sending if one.row.id not in marked])
        return [one for one in sending if one.row.id in marked], len(withdrawn)

    def _through(self, conn: Connection, wanted: list[tuple[DueEffect, Effect]]) -> list[Sending]:
        through = self._outbounds.load(conn, {(row.merchant_id, row.connection_id) for row, _ in wanted})
        sending = []
        for row, effect in wanted:
            connection = through[row.merchant_id, row.connection_id]
            if connection.mode != "live":
                raise NotLive(f"{effect.key} of order {row.order_id}")
            sending.append(Sending(row, effect, connection.outbound, 0.0))
        return sending

    def _opened(self, row: DueEffect) -> Effect | None:
        """The effect as it was asked; None when the person it is about has been erased."""
        if row.person_key is None or not row.body:
            return None
        return open_effect(self._ring, row.person_key, row.body, (row.merchant_id, row.order_id), row.effect_key)

    def _told(self, sending: list[Sending], answers: list[Answer]) -> list[Answer]:
        """The answers as they may be kept and shown: what the other side said, without what names the person."""
        asked = [one for one, answer in zip(sending, answers, strict=True) if answer.sentence]
        if not asked:
            return answers
        places = {(one.row.merchant_id, one.row.order_id) for one in asked}
        with self._database.engine(sorted({merchant for merchant, _ in places})) as conn:
            known = persons.of_orders(conn, self._ring, places)
        return [
            _masked(one, answer, known.get((one.row.merchant_id, one.row.order_id)))
            for one, answer in zip(sending, answers, strict=True)
        ]

    def _call_all(self, sending: list[Sending], begin_by: float) -> list[Answer]:
        """Some calls at once; whoever is done takes the next, without a hand-over for each."""
        answers: dict[int, Answer] = {}
        places = iter(range(len(sending)))

        def calls(_: int) -> None:
            for place in places:
                answers[place] = self._call(sending[place], begin_by)

        list(self._pool.map(calls, range(min(self._calls_at_once, len(sending)))))
        return [answers[place] for place in range(len(sending))]

    def _call(self, one: Sending, begin_by: float) -> Answer:
        """One call outside, if there is still time: later another worker may be looking whether it was made."""
        if self._stopping.is_set() or time.monotonic() > begin_by:
            return Answer("again", NOT_SENT, "It was not begun in time.")
        return _ask(one)

    def _record(self, sending: list[Sending], answers: list[Answer]) -> None:
        answers = self._told(sending, answers)
        became = [_became(one.row, answer) for one, answer in zip(sending, answers, strict=True)]
        with self._database.engine(sorted({one.row.merchant_id for one in sending})) as conn:
            counted = outside.record_answers(conn, became)
            self._keep_labels(conn, sending, answers, counted)
            news = [
                _news(one.row, answer, now.status, one.effect)
                for one, answer, now in zip(sending, answers, became, strict=True)
                if one.row.id in counted
            ]
            outside.file_internal(conn, [message for message in news if message is not None])
            budget.settle_each(
                conn, [_spent(one, answer.points, answer.budget) for one, answer in zip(sending, answers, strict=True)]
            )
        self._ask_whether_it_is_dark(sending, answers)

    def _ask_whether_it_is_dark(self, sending: list[Sending], answers: list[Answer]) -> None:
        """Have the connections swept that gave no answer."""
        silent = {
            (one.row.merchant_id, one.row.connection_id)
            for one, answer in zip(sending, answers, strict=True)
            if answer.result in ("again", "in_doubt") and answer.code not in _NO_SILENCE
        }
        if silent:
            with self._database.engine(sorted({merchant for merchant, _ in silent})) as conn:
                watch.hurry(conn, sorted(silent), watch.SWEEP, ASK_DARK_S)

    def _keep_labels(
        self, conn: Connection, sending: list[Sending], answers: list[Answer], counted: set[outside.EffectId]
    ) -> None:
        """What carriers made to be printed."""
        files = [
            file
            for one, answer in zip(sending, answers, strict=True)
            if answer.label is not None
            and isinstance(one.effect.body, PurchaseLabel)
            and one.row.person_key is not None
            and one.row.id in counted
            for file in labels.files(
                self._ring, one.row.id[:2], one.row.person_key, one.effect.body.label, answer.label
            )
        ]
        if files:
            carriers.keep_files(conn, files)


def _sorted_out(
    due: list[DueEffect], effects: list[Effect | None]
) -> tuple[list[tuple[DueEffect, Effect]], list[tuple[Answered, Internal]]]:
    """What is still to be sent, and what is withdrawn. What may have been sent is looked up whatever the state says."""
    wanted: list[tuple[DueEffect, Effect]] = []
    withdrawn: list[tuple[Answered, Internal]] = []
    for row, effect in zip(due, effects, strict=True):
        if effect is None:
            reason: Refusal | None = ERASED
        else:
            reason = unwanted(decode_state(row.state), effect) if row.status == "due" else None
        if reason is not None:
            withdrawn.append(_withdrawal(row, reason.code, reason.sentence))
        elif effect is not None:
            wanted.append((row, effect))
    return wanted, withdrawn


def _withdrawal(row: DueEffect, code: str, sentence: str) -> tuple[Answered, Internal]:
    answered = Answered(*row.id, tries=row.attempts, status="withdrawn", code=code, sentence=sentence)
    message = EffectAnswered(key=row.effect_key, result="withdrawn", at=row.now, code=code, sentence=sentence)
    return answered, _internal(row, message, "withdrawn")


def _affordable(conn: Connection, sending: list[Sending]) -> list[Sending]:
    """Those whose points could be set aside, oldest first in each connection; the rest stays due."""
    queues: dict[budget.Key, list[Sending]] = {}
    for one in sending:
        queues.setdefault((one.row.merchant_id, one.row.connection_id), []).append(one)
    there = budget.points_of_each(conn, dict.fromkeys(queues, URGENCY))
    costs: dict[budget.Key, list[float]] = {}
    for key, queue in queues.items():
        costs[key] = [one.outbound.cost_of(one.effect) for one in queue]
        while costs[key] and sum(costs[key]) > there.get(key, 0.0):
            costs[key].pop()
    granted = budget.reserve_each(conn, [budget.Ask(key, sum(own), URGENCY) for key, own in costs.items() if own])
    return [
        Sending(one.row, one.effect, one.outbound, points)
        for key in granted
        for one, points in zip(queues[key], costs[key], strict=False)
    ]


def _ask(one: Sending) -> Answer:
    """One call outside. A connector that breaks its promise not to raise leaves the effect in doubt."""
    ask = one.outbound.perform if one.row.status == "due" else one.outbound.look_up
    logs.about(merchant=one.row.merchant_id, order=one.row.order_id, effect=one.row.effect_key)
    try:
        return ask(one.effect, one.row.order_ref)
    except Exception as error:
        _log.exception("a connector failed; whether its call arrived is not known")
        return Answer("in_doubt", "connector_failed", logs.told_with_place(error))


def _masked(one: Sending, answer: Answer, person: PersonSeen | None) -> Answer:
    """The sentence without the person's strings, and without what the effect said (a note, a tracking number)."""
    if not answer.sentence:
        return answer
    known = () if person is None else (person.name, person.email, person.phone, *person.address, person.note)
    texts = filter(None, (*known, *_texts(one.effect)))
    return msgspec.structs.replace(answer, sentence=one_line(masked(answer.sentence, texts)))


def _texts(effect: Effect) -> tuple[str | None, ...]:
    """What somebody wrote that an effect carries."""
    match effect.body:
        case NoteOrder(text):
            return (text,)
        case ShipPart():
            return (effect.body.tracking,)
        case TagOrder(tags) | UntagOrder(tags):
            return tags
    return ()


def _became(row: DueEffect, answer: Answer) -> Answered:
    """What the row becomes by this answer."""
    looked_up = row.status != "due"
    status, wait, uncounted = _next(answer, row.attempts + 1, looked_up)
    return Answered(
        *row.id,
        tries=row.attempts + 1,
        status=status,
        wait_s=wait,
        uncounted=uncounted,
        code=answer.code,
        sentence=answer.sentence,
        reference=answer.reference,
        points=answer.points,
    )


def _next(answer: Answer, tries: int, looked_up: bool) -> tuple[str, float, int]:
    """(status, seconds to wait, tries not counted). Only a look-up that saw nothing lets an effect be sent again."""
    if answer.result == "confirmed" or (answer.result == "refused" and not looked_up):
        return answer.result, 0.0, 0
    if answer.code == NOT_SENT:
        return ("in_doubt" if looked_up else "due"), 0.0, 1
    if answer.code == THROTTLED:
        return ("in_doubt" if looked_up else "due"), answer.retry_after_s or 1.0, 1
    if tries >= TRIES_MAX:
        return "dead", 0.0, 0
    if looked_up and answer.result == "nothing":
        return "due", 0.0, 0
    doubtful = looked_up or answer.result == "in_doubt"
    return ("in_doubt" if doubtful else "due"), wait_s(tries, answer.retry_after_s), 0


def _news(row: DueEffect, answer: Answer, status: str, effect: Effect) -> Internal | None:
    """The message the order is told: every end, and doubt when it begins; trying again is no news."""
    if status == "due" or (status == "in_doubt" and row.status == "in_doubt"):
        return None
    message = EffectAnswered(
        key=row.effect_key,
        result=status,
        at=row.now,
        code=answer.code,
        sentence=answer.sentence,
        reference=answer.reference,
        label=labels.label_of_answer(effect, answer, row.now) if status == "confirmed" else None,
    )
    return _internal(row, message, f"{status}:{row.attempts + 1}")


def _internal(row: DueEffect, message: EffectAnswered, mark: str) -> Internal:
    """The order is told through its own connection, whichever the effect went through."""
    return Internal(
        merchant_id=row.merchant_id,
        lane=row.lane,
        connection_id=place_of(row.order_id)[0],
        topic="ordna/answer",
        webhook_id=f"answer:{row.order_id}:{row.effect_key}:{mark}",
        order_hint=row.order_ref,
        body=msgspec.json.encode(message),
    )


def _spent(one: Sending, used: float, said: Budget | None) -> budget.Spent:
    return budget.Spent((one.row.merchant_id, one.row.connection_id), one.points, used, said)

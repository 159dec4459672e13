"""The ledger of a batch: rows are noted while the core decides, and written with one statement a table at the end.

Steps, tasks and timers are written as the difference between the verdict before the batch and after it; what stood
for a moment in between leaves its trace in the decisions only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ordna.core import events as e
from ordna.core.messages import Message, Observed
from ordna.core.outcome import Fact, Outcome, Reread, StepNow, Verdict, encode_changes
from ordna.core.policy import Policy
from ordna.engine import labels, objects, persons, project, stocktaking
from ordna.engine.lanes import lane_of
from ordna.engine.page import Page
from ordna.store import carriers, checkpoints, journal, orders, outbox, work
from ordna.store.carriers import LabelRow
from ordna.store.database import Connection, Sent
from ordna.store.journal import Decided, Entry, Link
from ordna.store.orders import Row
from ordna.store.outbox import RereadRow
from ordna.store.sealing import Keyring
from ordna.store.work import StepRow, TaskRow, TimerRow

_NO_ROW = "waiting"


class Ledger:
    """Rows by table. `rereads` may be added to from outside, for orders no page exists of."""

    def __init__(self, ring: Keyring, at: datetime) -> None:
        self.at = at
        self.rereads: list[RereadRow] = []
        self._ring = ring
        self._entries: list[Entry] = []
        self._links: list[Link] = []
        self._relinked: list[Link] = []
        self._sealed = persons.Sealed()
        self._late: list[Page] = []
        self._decisions: list[Decided] = []
        self._new: list[Row] = []
        self._known: list[Row] = []
        self._steps: list[StepRow] = []
        self._steps_gone: list[tuple[int, str, str, str]] = []
        self._tasks: list[TaskRow] = []
        self._tasks_gone: list[tuple[int, str, str]] = []
        self._timers: list[TimerRow] = []
        self._timers_gone: list[tuple[int, str, str]] = []
        self._parts: list[tuple[int, int, str, str]] = []
        self._labels: list[LabelRow] = []
        self._sealing: list[Page] = []
        self._closing: list[Page] = []
        self.stock = stocktaking.Moves()

    # --- while deciding ---

    def note(self, page: Page, message: Message, result: Outcome, policy: Policy, cause: str) -> None:
        """One message was decided: note its facts, its decision and what it asks for."""
        if result.reread is not None:
            self._want(page, result.reread)
        if result.refusal is not None:
            return
        if result.facts:
            self._append(page, result.facts, policy, cause)
        if result.decision is not None:
            decision = result.decision
            self._decisions.append(
                Decided(
                    page.merchant_id, page.order_id, decision.seq_after, decision.seq_before, decision.at, cause,
                    decision.policy, encode_changes(decision.changes),
                )
            )  # fmt: skip
        if result.effects:
            page.effects.extend(result.effects)
        if result.order.verdict is not page.order.verdict:
            for now in result.order.verdict.steps:
                if now.status == "open":
                    page.opened[now.step, now.part, now.run] = now.since
            page.claim = result.claim
        elif result.claim is not None:
            page.asks_again = True
        page.order = result.order
        page.policy = policy
        if type(message) is Observed and message.snapshot.person is not None and not page.erased:
            seen, known = message.snapshot.order, page.order.state.order
            if seen is not None and known is not None and seen.version >= known.version:
                page.person = message.snapshot.person

    def _close(self, page: Page) -> None:
        """All messages of an order were decided: note what changed in all."""
        if page.order is page.before or page.order.state.order is None or page.policy is None:
            return
        self._closing.append(page)
        before, after = page.before.verdict, page.order.verdict
        if after is not before:
            self._step_changes(page, before, after)
            self._task_changes(page, before, after)
            self._timer_changes(page, before, after)
        if page.order.state.labels is not page.before.state.labels:
            self._labels += labels.rows_of(page)
        if page.links:
            if objects.follow(page.trail, page.links):
                ordered = sorted(page.links, key=lambda link: link.occurred_at)
                self._links.extend(objects.chain(ordered, page.trail))
            else:
                self._late.append(page)
        if page.person is not None or page.effects:
            self._sealing.append(page)
        if page.order.state.stock_asked:
            self.stock.close(page, self.at)

    def _append(self, page: Page, facts: tuple[Fact, ...], policy: Policy, cause: str) -> None:
        seq = page.order.state.seq
        merchant, order_id = page.merchant_id, page.order_id
        for fact in facts:
            seq += 1
            event = fact.event
            if not isinstance(event, objects.NOISE):
                page.news_at = seq
            kind = type(event).__name__
            self._entries.append(
                Entry(
                    merchant, order_id, seq, kind, e.VERSIONS[kind], fact.at, fact.actor_kind, fact.actor, cause,
                    policy.version, e.encode(event),
                )
            )  # fmt: skip
            for object_kind, object_id in objects.touched(event, order_id):
                page.links.append(
                    Link(merchant, order_id, seq, object_kind, object_id, kind, fact.actor_kind, fact.at, None, None)
                )
            if isinstance(event, e.OrderRouted):
                self._own(page, [part.id for part in event.parts])
            elif isinstance(event, e.FulfillmentOrderAdded):
                self._own(page, [event.part.id])
            elif isinstance(event, stocktaking.MOVING):
                self.stock.note(page, event)

    def _own(self, page: Page, parts: list[str]) -> None:
        self._parts.extend((page.merchant_id, page.connection.connection_id, part, page.order_ref) for part in parts)

    def _want(self, page: Page, reread: Reread) -> None:
        self.rereads.append(
            RereadRow(
                page.merchant_id, page.connection.connection_id, page.order_ref, lane_of(page.order_ref),
                reread.urgency, reread.not_before or self.at, reread.why,
            )
        )  # fmt: skip

    # --- what changed in all ---

    def _step_changes(self, page: Page, before: Verdict, after: Verdict) -> None:
        body = page.order.state.order
        assert body is not None and page.policy is not None
        known = {(now.step, now.part): now for now in before.steps}
        flow = page.policy.flow
        for now in after.steps:
            was = known.pop((now.step, now.part), None)
            if now == was:
                continue
            if now.status == _NO_ROW:
                if was is not None and was.status != _NO_ROW:
                    self._steps_gone.append((page.merchant_id, page.order_id, now.step, now.part))
                continue
            step = flow.step(now.step)
            self._steps.append(
                StepRow(
                    page.merchant_id, page.order_id, now.step, now.part, now.run, now.status,
                    step.owner if step else "", self._opened_at(page, now), now.due,
                    None if now.status in ("open", "paused") else now.since, now.late, body.placed_at,
                )
            )  # fmt: skip
        for gone in known.values():
            if gone.status != _NO_ROW:
                self._steps_gone.append((page.merchant_id, page.order_id, gone.step, gone.part))

    @staticmethod
    def _opened_at(page: Page, now: StepNow) -> datetime | None:
        """When it opened, if that was in this batch; the row remembers it otherwise."""
        return now.since if now.status == "open" else page.opened.get((now.step, now.part, now.run))

    def _task_changes(self, page: Page, before: Verdict, after: Verdict) -> None:
        body = page.order.state.order
        assert body is not None
        known = {task.key: task for task in before.tasks}
        for task in after.tasks:
            if known.pop(task.key, None) != task:
                self._tasks.append(
                    TaskRow(
                        page.merchant_id, page.order_id, task.key, task.kind, task.owner, task.title, task.reason,
                        task.step, task.part, encode_changes(task.asks), task.opened_at, task.due, task.claimed_by,
                        body.name,
                    )
                )  # fmt: skip
        self._tasks_gone.extend((page.merchant_id, page.order_id, key) for key in known)

    def _timer_changes(self, page: Page, before: Verdict, after: Verdict) -> None:
        known = dict(before.timers)
        lane = lane_of(page.order_ref)
        for key, due in after.timers.items():
            if known.pop(key, None) != due:
                self._timers.append(TimerRow(page.merchant_id, page.order_id, key, lane, due))
        self._timers_gone.extend((page.merchant_id, page.order_id, key) for key in known)

    # --- writing ---

    def close(self, conn: Connection, pages: Iterable[Page]) -> None:
        """All messages were decided: what changed in all, read and sealed as far as writing it needs."""
        for page in pages:
            self._close(page)
        self._sealed = persons.seal(conn, self._ring, self._sealing, self.at)
        self._relink(conn)

    def write(self, conn: Connection, sent: Sent) -> None:
        """Everything noted, one statement a table; the order rows first, for they say whether somebody was faster."""
        self._write_orders(conn, sent)
        persons.remember_erased(conn, self._sealing, self.at)
        self._sealed.write(conn, self.at)
        if self._relinked:
            journal.relink(conn, self._relinked)
        self._write_history(conn)
        self._write_work(conn)
        if self._sealed.effects:
            outbox.ask_effects(conn, self._sealed.effects, sent)
        if self._labels:
            carriers.write_labels(conn, self._labels)
        if self._parts:
            outbox.own_parts(conn, self._parts)
        if self.rereads:
            outbox.want_rereads(conn, self.rereads)
        self.stock.write(conn, self.at, sent)

    def _write_orders(self, conn: Connection, sent: Sent) -> None:
        for page in self._closing:
            assert page.policy is not None
            row = project.row_of(
                page.order,
                page.policy.flow,
                (page.merchant_id, page.order_id, page.connection.connection_id, page.order_ref),
                acting=page.policy.acting,
                person_id=page.person_id,
                person_mark=page.person_mark,
                trail=objects.encode_trail(page.trail),
                at=self.at,
            )
            (self._new if page.is_new else self._known).append(row)
        if self._new:
            orders.insert(conn, self._new, sent)
        if self._known:
            orders.update(conn, self._known, sent)

    def _write_history(self, conn: Connection) -> None:
        if self._entries:
            journal.append(conn, self._entries, self.at)
        if self._links:
            journal.link(conn, self._links)
        if self._decisions:
            journal.decide(conn, self._decisions)

    def _write_work(self, conn: Connection) -> None:
        if self._steps_gone:
            work.drop_steps(conn, self._steps_gone)
        if self._steps:
            work.write_steps(conn, self._steps)
        if self._tasks_gone:
            work.close_tasks(conn, self._tasks_gone, self.at)
        if self._tasks:
            work.write_tasks(conn, self._tasks)
        if self._timers_gone:
            work.drop_timers(conn, self._timers_gone)
        if self._timers:
            work.write_timers(conn, self._timers)

    def _relink(self, conn: Connection) -> None:
        """Late facts: chain the whole order anew and rewrite the neighbours that changed."""
        if not self._late:
            return
        stored: dict[tuple[int, str], list[Link]] = {}
        late = [(page.merchant_id, page.order_id) for page in self._late]
        bases = checkpoints.trails_of(conn, late)
        for link in journal.links_of(conn, late):
            stored.setdefault((link.merchant_id, link.order_id), []).append(link)
        for page in self._late:
            old = stored.get((page.merchant_id, page.order_id), [])
            new_seqs = {link.seq for link in page.links}
            unchanged = set(old)
            base = bases.get((page.merchant_id, page.order_id))
            links, page.trail = objects.rechain((*old, *page.links), objects.decode_trail(base) if base else None)
            self._links.extend(link for link in links if link.seq in new_seqs)
            self._relinked.extend(link for link in links if link.seq not in new_seqs and link not in unchanged)

/* Keys, live updates and small manners. Everything works without this file; it only makes it quicker.

   Live: the server says "changed", the body gets the event "ordna:changed", and htmx fetches the marked fragments anew.
   Where no stream is to be had, the same happens every ten seconds. A fragment in which somebody is writing waits. */
(() => {
  "use strict";
  const POLL_MS = 10000, CALM_MS = 800, CHORD_MS = 900;
  const body = () => document.body;
  const go = { m: "/", o: "/orders", w: "/work", c: "/connections" };

  // --- live updates ---
  let polling = null, waiting = null, again = null;
  const fetchAnew = () => { waiting = null; body().dispatchEvent(new CustomEvent("ordna:changed")); };
  const changed = () => { waiting = waiting || setTimeout(fetchAnew, CALM_MS); };
  const later = () => { clearTimeout(again); again = setTimeout(changed, POLL_MS); };
  const state = (on) => {
    document.querySelectorAll("[data-live]").forEach((el) => {
      el.dataset.state = on ? "on" : "off";
      el.textContent = on ? "Live" : "Every 10 s";
    });
    clearInterval(polling);
    polling = on ? null : setInterval(() => { if (!document.hidden) changed(); }, POLL_MS);
  };
  const listen = () => {
    if (!document.querySelector("[data-live]")) return;
    state(false);
    if (!window.EventSource) return;
    let tries = 0;
    const source = new EventSource("/live");
    source.addEventListener("open", () => { tries = 0; state(true); });
    source.addEventListener("changed", changed);
    source.addEventListener("error", () => { state(false); tries += 1; if (tries > 5 || source.readyState === 2) source.close(); });
    window.addEventListener("pagehide", () => source.close());
  };

  // A fragment in use is not replaced under somebody's hands; open parts stay open.
  const busy = (fragment) => {
    const at = document.activeElement;
    const writing = at && fragment.contains(at) && at.matches("input, select, textarea");
    const begun = [...fragment.querySelectorAll("input.text, textarea.text")].some((el) => el.value !== el.defaultValue);
    return writing || begun;
  };
  const openOnes = (fragment) => [...fragment.querySelectorAll("details")].map((d) => d.open);
  let kept = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches?.("[data-keep], #orders") && busy(event.detail.elt)) { event.preventDefault(); later(); }
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, later));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const fragment = event.detail.target;
    kept = { open: openOnes(fragment), ticks: ticks(), at: atRow()?.querySelector("a")?.getAttribute("href"),
      focus: fragment.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null };
    if (event.detail.xhr.status >= 400) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!kept) return;
    const details = document.querySelectorAll("[hx-get] details");
    if (details.length === kept.open.length) details.forEach((d, i) => { d.open = kept.open[i]; });
    Object.entries(kept.ticks).forEach(([id, on]) => { const el = document.getElementById(id); if (el) el.checked = on; });
    const row = kept.at && document.querySelector(`[data-row] a[href="${CSS.escape(kept.at)}"]`);
    if (row) mark(row.closest("[data-row]"), false);
    kept = null;
  });

  // --- chips that are remembered ---
  const ticks = () => Object.fromEntries([...document.querySelectorAll("[data-remember]")].map((el) => [el.id, el.checked]));
  const remember = () => {
    let saved = {};
    try { saved = JSON.parse(localStorage.getItem("ordna.voices") || "{}"); } catch { saved = {}; }
    document.querySelectorAll("[data-remember]").forEach((el) => { if (el.id in saved) el.checked = saved[el.id]; });
    document.addEventListener("change", (event) => {
      if (event.target.matches("[data-remember]")) localStorage.setItem("ordna.voices", JSON.stringify(ticks()));
      if (event.target.matches("[data-autosubmit] select, [data-autosubmit] input")) event.target.form.requestSubmit();
    });
  };

  // --- lists by keyboard ---
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const atRow = () => document.querySelector("[data-row].at");
  const mark = (row, scroll = true) => {
    atRow()?.classList.remove("at");
    row.classList.add("at");
    if (scroll) row.scrollIntoView({ block: "nearest" });
  };
  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const now = all.indexOf(atRow());
    mark(all[Math.max(0, Math.min(all.length - 1, now < 0 ? 0 : now + step))]);
  };
  const press = (selector) => {
    const row = atRow() || rows()[0];
    const target = row?.querySelector(selector);
    if (!target) return;
    mark(row);
    target.click();
    row.querySelector("details[open] input.text")?.focus();
  };
  let chord = 0;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input, select, textarea, [contenteditable]");
    if (event.key === "Escape" && typing) return event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const after = Date.now() - chord < CHORD_MS;
    chord = 0;
    if (after && go[event.key]) return location.assign(go[event.key]);
    const does = {
      g: () => { chord = Date.now(); },
      j: () => move(1),
      k: () => move(-1),
      c: () => press("[data-claim]"),
      d: () => press("[data-do]"),
      "?": () => document.getElementById("keys")?.showModal(),
      "/": () => { event.preventDefault(); document.querySelector(".search input")?.focus(); },
      Enter: () => { if (document.activeElement === body() || document.activeElement?.id === "main") atRow()?.querySelector("a.name")?.click(); },
    }[event.key];
    if (does) does();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
  });

  // --- a second press of the same button does nothing ---
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) return event.preventDefault();
    event.target.dataset.sent = "1";
    event.target.querySelectorAll("button").forEach((button) => button.setAttribute("aria-busy", "true"));
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  document.addEventListener("DOMContentLoaded", () => { listen(); remember(); });
})();

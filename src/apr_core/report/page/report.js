"use strict";
// The page reads without this. It adds search and filters, links that open what they point at, keys, and the theme.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const find = (query, within = document) => within.querySelector(query);
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  const tell = (text) => { find("#told").textContent = text; };

  const cards = all(".card");
  const texts = new Map();
  const squares = new Map();
  for (const square of all(".m")) {
    const anchor = square.getAttribute("href").slice(1);
    squares.set(anchor, [...(squares.get(anchor) || []), square]);
  }
  const bodyOf = (card) => card.lastElementChild;
  const textOf = (card) => {
    if (!texts.has(card)) texts.set(card, `${card.dataset.c} ${card.textContent}`.toLowerCase());
    return texts.get(card);
  };

  // --- filters: what is chosen, what of it stands in the address, and what is shown ---

  const q = find("#q"), picks = all(".pick");
  const selects = { type: find("#f-type"), criterion: find("#f-criterion"), contract: find("#f-contract") };

  function chosen() {
    const state = { q: q.value.trim(), outcome: picks.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.outcome) };
    for (const [name, select] of Object.entries(selects)) state[name] = select ? select.value : "";
    return state;
  }

  function fits(card, state, words) {
    const data = card.dataset;
    return (!state.outcome.length || state.outcome.includes(data.o)) &&
      (!state.type || data.t === state.type) &&
      (!state.contract || data.c === state.contract) &&
      (!state.criterion || data.k.includes(`|${state.criterion}|`)) &&
      (!words.length || words.every((word) => textOf(card).includes(word)));
  }

  function show() {
    const state = chosen(), words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of cards) {
      card.hidden = !fits(card, state, words);
      count += !card.hidden;
      for (const square of squares.get(bodyOf(card).id) || []) square.classList.toggle("off", card.hidden);
    }
    for (const section of all(".contract")) section.hidden = !find(".card:not([hidden])", section);
    find("#shown").textContent = `${count} of ${cards.length} claims`;
    find("#nothing").hidden = count > 0;
    return state;
  }

  function remember(state) {
    const pairs = new URLSearchParams();
    if (state.outcome.length) pairs.set("outcome", state.outcome.join(","));
    for (const name of ["type", "criterion", "contract", "q"]) if (state[name]) pairs.set(name, state[name]);
    const hash = String(pairs);
    history.replaceState(null, "", hash ? `#?${hash}` : location.pathname + location.search);
  }

  function choose(pairs) {
    const outcomes = (pairs.get("outcome") || "").split(",");
    for (const one of picks) one.setAttribute("aria-pressed", String(outcomes.includes(one.dataset.outcome)));
    for (const [name, select] of Object.entries(selects)) if (select) select.value = pairs.get(name) || "";
    q.value = pairs.get("q") || "";
    return show();
  }

  const changed = () => remember(show());
  const clear = () => { choose(new URLSearchParams()); remember(chosen()); };
  const filtered = () => cards.some((card) => card.hidden);

  let waiting = 0;
  q.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changed, 80); });
  for (const select of Object.values(selects)) if (select) select.addEventListener("change", changed);
  for (const one of picks) {
    one.addEventListener("click", () => {
      one.setAttribute("aria-pressed", String(one.getAttribute("aria-pressed") !== "true"));
      changed();
    });
  }
  find("#clear").addEventListener("click", clear);
  find("#clear-too").addEventListener("click", clear);
  find("#filters").addEventListener("submit", (event) => { event.preventDefault(); changed(); });
  find("#filter-open").addEventListener("click", (event) => openFilters(event.currentTarget.getAttribute("aria-expanded") !== "true"));
  function openFilters(open) {
    find("#filter-open").setAttribute("aria-expanded", String(open));
    find("#filters").classList.toggle("open", open);
  }

  // --- the address: `#?outcome=REFUTED&q=oracle` is a view, any other fragment a place ---

  function follow() {
    const fragment = location.hash.slice(1);
    if (fragment.startsWith("?")) {
      choose(new URLSearchParams(fragment.slice(1)));
      find("#claims").scrollIntoView();
      return;
    }
    let target = null;
    try { target = document.getElementById(decodeURIComponent(fragment)); } catch { /* not an address of this page */ }
    if (!target) return;
    const card = target.closest(".card");
    if (card && card.hidden) choose(new URLSearchParams());
    for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    (card && bodyOf(card) === target ? card : target).scrollIntoView();
    (card && bodyOf(card) === target ? find("summary", card) : target).focus({ preventScroll: true });
  }
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) follow();  // a second click on a link changes no address
  });

  // --- theme ---

  const THEMES = ["auto", "light", "dark"], LOOKS = { auto: "◐", light: "○", dark: "●" };
  const NAMES = { auto: "as the system", light: "light", dark: "dark" };
  const store = { get: () => { try { return localStorage.getItem("apr-theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("apr-theme", value); } catch { /* private window: for this visit only */ } } };
  function paint(theme) {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    find("#theme").textContent = LOOKS[theme];
    find("#theme").setAttribute("aria-label", `Theme: ${NAMES[theme]}`);
    find("#theme").title = `Theme: ${NAMES[theme]}`;
  }
  let theme = THEMES.includes(store.get()) ? store.get() : "auto";
  paint(theme);
  function turn() {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    store.set(theme);
    paint(theme);
    tell(`Theme: ${NAMES[theme]}`);
  }
  find("#theme").addEventListener("click", turn);

  // --- copying ---

  async function copy(button) {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (!document.execCommand("copy")) { tell("Selected: copy it with the keyboard."); return; }
    }
    button.textContent = "Copied";
    tell("Copied");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  // --- keys ---

  const help = find("#help");
  find("#help-open").addEventListener("click", () => help.showModal());
  function step(by) {
    const shown = cards.filter((card) => !card.hidden);
    if (!shown.length) return;
    const at = shown.findIndex((card) => card.contains(document.activeElement));
    const next = at < 0 ? shown.findIndex((card) => card.getBoundingClientRect().bottom > 0) : at + by;
    const card = shown[Math.min(Math.max(next, 0), shown.length - 1)];
    find("summary", card).focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }
  function toggleAll() {
    const shown = cards.filter((card) => !card.hidden), open = shown.some((card) => !card.open);
    for (const card of shown) card.open = open;
    tell(open ? "All claims are open" : "All claims are closed");
  }
  const KEYS = {
    "/": () => { openFilters(true); q.focus(); q.select(); },
    j: () => step(1), k: () => step(-1), x: toggleAll, t: turn, "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === "Escape") {
      if (q.value) { q.value = ""; changed(); } else if (filtered()) clear();
      if (document.activeElement === q) q.blur();
      return;
    }
    if (event.target.closest("input, select, textarea")) return;
    if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); }
  });

  // --- printing: everything is open, and as it was afterwards ---

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const one of closed) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
    closed = [];
  });

  if (location.hash) follow();
})();


// One item after the other: seen, judged, kept. What is kept by the browser or loaded from a file is checked like data of a stranger.
(() => {
  const { format, sample, reader, items, views, reasons, longest } = read("records");
  const codes = reasons.map(({ code }) => code);
  const byId = new Map(items.map((item, n) => [item.id, n]));
  const decisions = new Map(); // id -> { verdict, reason, note }
  const state = { at: 0, rejecting: false, pointed: null, zoom: 1, saved: true };
  const current = () => items[state.at];
  const viewOf = (item) => views[item.view];

  // ---- what is kept -------------------------------------------------------------------------------------------------

  const STORE = `mmrs review ${sample} ${reader}`;

  function sound(found) {
    const verdict = found?.verdict, reason = found?.reason ?? null, note = found?.note ?? "";
    const fits = verdict === "accept" ? reason === null : verdict === "reject" && codes.includes(reason);
    return fits && typeof note === "string" ? { verdict, reason, note: note.slice(0, longest) } : null;
  }

  function take(found) { // decisions as they are written; returns how many fit
    const fitting = Object.entries(found ?? {}).flatMap(([id, item]) => (byId.has(id) && sound(item) ? [[id, sound(item)]] : []));
    for (const [id, decision] of fitting) decisions.set(id, decision);
    return fitting.length;
  }

  const written = () => Object.fromEntries(items.filter(({ id }) => decisions.has(id)).map(({ id }) => [id, decisions.get(id)]));

  let keeps = true; // a browser may refuse to keep anything for a page that is a file
  try {
    state.saved = take(JSON.parse(localStorage.getItem(STORE) ?? "{}")) === 0;
    localStorage.setItem(STORE, JSON.stringify(written()));
  } catch {
    keeps = false;
  }

  function keep() {
    state.saved = false;
    if (!keeps) return;
    try {
      localStorage.setItem(STORE, JSON.stringify(written()));
    } catch {
      keeps = false;
      notice("");
    }
  }

  function save() {
    const text = JSON.stringify({ format, sample, reader, decisions: written() }, null, 1);
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    make("a", { href: address, download: `reader-${reader}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    state.saved = true;
    notice(left() ? `Saved as reader-${reader}.json with ${decisions.size} of ${items.length} questions read.`
      : `Saved as reader-${reader}.json: all ${items.length} questions are read. Hand that file back.`);
    progress();
  }

  async function load(file) {
    let found = null;
    try {
      found = JSON.parse(await file.text());
    } catch { /* said below */ }
    if (found?.format !== format || typeof found?.decisions !== "object") notice("That file holds no decisions of a review. Nothing was changed.");
    else if (found.sample !== sample) notice("That file belongs to another sample. Nothing was changed.");
    else if (found.reader !== reader) notice("That file is the other reader's. Nothing was changed.");
    else {
      const n = take(found.decisions);
      keep();
      notice(`${n} decisions loaded.`);
      unread(true);
    }
  }

  function notice(text) {
    const kept = keeps ? "" : "This browser keeps nothing for this page: save (S) before you close it.";
    $("notice").textContent = [text, kept].filter(Boolean).join(" ");
    $("notice").hidden = !$("notice").textContent;
  }

  // ---- verdicts -----------------------------------------------------------------------------------------------------

  const left = () => items.length - decisions.size;

  function accept() {
    decide({ verdict: "accept", reason: null, note: "" });
    go(1);
  }

  function reject() {
    state.rejecting = true;
    verdict();
    $("reasons").querySelector("button").focus({ preventScroll: true });
    $("why").scrollIntoView({ block: "nearest" });
  }

  function because(n) {
    const reason = codes[n], note = $("note").value.trim();
    state.rejecting = true;
    if (reason === "other" && !note) { // a word is wanted
      state.wanted = reason;
      verdict();
      $("note").focus();
      return;
    }
    decide({ verdict: "reject", reason, note });
    go(1);
  }

  function decide(decision) {
    decisions.set(current().id, decision);
    keep();
    if (!left()) notice(`All ${items.length} questions are read. Save (S) and hand the file back.`);
    verdict();
    progress();
  }

  function undo() {
    decisions.delete(current().id);
    state.rejecting = false;
    state.wanted = null;
    $("note").value = "";
    keep();
    verdict();
    progress();
  }

  function noted() { // the note of a question that is rejected already, or for which a word was wanted
    const decision = decisions.get(current().id), reason = state.wanted ?? decision?.reason, note = $("note").value.trim();
    if (!reason || (reason === "other" && !note)) return false;
    if (decision?.reason !== reason || decision.note !== note) decide({ verdict: "reject", reason, note: note.slice(0, longest) });
    return true;
  }

  function verdict() {
    const decision = decisions.get(current().id), rejected = decision?.verdict === "reject" || state.rejecting;
    $("accept").setAttribute("aria-pressed", decision?.verdict === "accept" && !state.rejecting);
    $("reject").setAttribute("aria-pressed", rejected);
    $("why").hidden = !rejected;
    const chosen = state.wanted ?? (state.rejecting && decision?.verdict === "accept" ? null : decision?.reason);
    [...$("reasons").querySelectorAll("button")].forEach((button, n) => button.setAttribute("aria-pressed", codes[n] === chosen));
    $("prompt").textContent = state.wanted ? "Say what is wrong in a few words, then Enter." : "What is wrong? Choose one reason.";
    $("prompt").dataset.missing = state.wanted ? "yes" : "no";
    $("undo").disabled = !decision && !state.rejecting;
  }

  function progress() {
    const rejected = [...decisions.values()].filter(({ verdict }) => verdict === "reject").length;
    $("count").textContent = `${state.at + 1} of ${items.length} · ${decisions.size} read, ${rejected} rejected${state.saved || !decisions.size ? "" : " · not saved"}`;
    const cells = $("strip").children;
    items.forEach(({ id }, n) => {
      cells[n].dataset.verdict = decisions.get(id)?.verdict ?? "";
      if (n === state.at) cells[n].setAttribute("aria-current", "true"); else cells[n].removeAttribute("aria-current");
    });
    $("unread").disabled = !left();
  }

  // ---- one item -----------------------------------------------------------------------------------------------------

  function show(n) {
    noted();
    document.activeElement?.blur(); // now, while its note belongs to the question that is left
    state.at = n;
    state.rejecting = false;
    state.pointed = state.wanted = null;
    const item = current(), view = viewOf(item);
    $("facts").replaceChildren(...facts(item, view).map((text) => make("span", { textContent: text })));
    $("question").textContent = item.question;
    $("choices").replaceChildren(...(item.choices ?? []).map((text, i) =>
      make("li", { textContent: text, className: i === item.answer_index ? "right" : "", dir: "auto" })));
    $("choices").hidden = !item.choices?.length;
    $("answer").textContent = item.answer;
    $("answer").hidden = !$("choices").hidden; // it is marked among the choices
    $("note").value = decisions.get(item.id)?.note ?? "";
    $("terms").textContent = `Research only, not for clinical use. This picture: ${view.source}, ${view.license}.`;
    legend(item, view);
    verdict();
    progress();
    open(item, view);
    $("review").scrollTop = 0;
    if (matchMedia("(max-width: 760px)").matches) scrollTo(0, 0);
  }

  function facts(item, view) {
    const [down, right] = view.lies;
    return [words(view.modality), view.sequence, view.plane, item.kind.replace("_", "/"), `frame: ${item.frame}`,
      right && `right of the picture: the patient's ${right}`, down && `below: ${down}`].filter(Boolean);
  }

  function legend(item, view) {
    const shown = [...new Set([...(item.fill ?? []), ...item.named])].filter((n) => view.structures[n]);
    const rest = whole(view).filter((n) => !shown.includes(n));
    const filled = (item.fill ?? []).filter((n) => view.structures[n]);
    const none = filled.length ? [] : [make("li", { textContent: "No mask is marked.", className: "none" })];
    $("legend").replaceChildren(...none, ...[...shown, ...($("all").checked ? rest : [])].map((n) => {
      const button = make("button", { type: "button" }, swatch(view.structures[n].colour), `${view.structures[n].name}${filled.includes(n) ? "" : " (outline)"}`);
      button.onpointerenter = button.onfocus = () => { state.pointed = n; draw(); };
      button.onpointerleave = button.onblur = () => { state.pointed = null; draw(); };
      return make("li", {}, button);
    }));
  }

  const whole = (view) => view.structures.map((_, n) => n).filter((n) => view.structures[n].part !== "component");

  function go(by) {
    const n = state.at + by;
    if (n >= 0 && n < items.length) show(n); else { noted(); verdict(); progress(); }
  }

  function unread(here = false) {
    const order = items.map((_, n) => (state.at + n + (here ? 0 : 1)) % items.length);
    show(order.find((n) => !decisions.has(items[n].id)) ?? state.at);
  }

  // ---- the picture --------------------------------------------------------------------------------------------------

  function open(item, view) {
    $("masks").width = view.width;
    $("masks").height = view.height;
    for (const picture of document.querySelectorAll(".picture")) {
      picture.src = filesOf(item.view).files.image;
      picture.alt = `${words(view.modality)} picture`;
    }
    size();
    draw();
  }

  async function draw() {
    const item = current(), view = viewOf(item);
    const there = (list) => (list ?? []).filter((n) => view.structures[n]);
    const filled = state.pointed === null ? there(item.fill) : [state.pointed];
    const outlined = [...new Set([...($("all").checked ? whole(view) : []), ...there(item.fill), ...there(item.named)])].filter((n) => !filled.includes(n));
    if (!(await paint(item.view, view, outlined, filled))) return; // another question has been opened meanwhile
    document.body.dataset.drawn = item.id;
  }

  function size() {
    const { width, height } = viewOf(current()), frames = [...document.querySelectorAll(".frame")];
    const frame = frames.find((one) => one.clientWidth) ?? frames[0], style = getComputedStyle(frame);
    const room = frame.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const beside = matchMedia("(min-width: 1181px)").matches; // else the question must fit below
    const fit = Math.min(room / width, Math.max(200, (beside ? 0.66 : 0.36) * innerHeight) / height, 8);
    const scale = fit * state.zoom;
    for (const one of frames) one.style.height = state.zoom > 1 ? `${height * fit + parseFloat(style.paddingTop) + parseFloat(style.paddingBottom) + 2}px` : "";
    for (const stage of document.querySelectorAll(".stage")) {
      stage.style.width = `${width * scale}px`;
      stage.style.height = `${height * scale}px`;
      stage.classList.toggle("pixels", scale >= 2);
    }
    document.body.classList.toggle("zoomed", state.zoom > 1);
    $("zoom").textContent = `zoom ${state.zoom}×`;
  }

  function zoom() {
    state.zoom = state.zoom === 4 ? 1 : 2 * state.zoom;
    size();
    for (const frame of document.querySelectorAll(".frame")) frame.scrollTo((frame.scrollWidth - frame.clientWidth) / 2, (frame.scrollHeight - frame.clientHeight) / 2);
  }

  // ---- keys and buttons ---------------------------------------------------------------------------------------------

  function flip(id) {
    $(id).checked = !$(id).checked;
    redraw();
  }

  function redraw() {
    legend(current(), viewOf(current()));
    draw();
  }

  function fade(by) {
    $("opacity").value = Number($("opacity").value) + by;
    draw();
  }

  function write() {
    if ($("why").hidden) reject();
    $("note").focus();
  }

  const KEYS = {
    a: accept, r: reject, x: undo, n: write, ArrowRight: () => go(1), j: () => go(1), ArrowLeft: () => go(-1), k: () => go(-1),
    u: () => unread(), m: () => flip("overlay"), o: () => flip("all"), "[": () => fade(-10), "]": () => fade(10), z: zoom,
    s: save, l: () => $("file").click(), t: theme, "?": () => $("keys").showModal(),
    ...Object.fromEntries(codes.map((_, n) => [String(n + 1), () => because(n)])),
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox], [type=range]), dialog");
    if (field?.id === "note" && event.key === "Enter") {
      event.preventDefault();
      if (noted()) go(1); else $("prompt").dataset.missing = "yes";
      return;
    }
    if (event.key === "Escape" && field && !field.matches("dialog")) { noted(); field.blur(); return; }
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || (event.target.type === "range" && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    act();
  });

  $("reasons").append(...reasons.map(({ text, meaning }, n) =>
    make("li", {}, make("button", { type: "button", title: meaning, onclick: () => because(n) }, make("kbd", { textContent: n + 1 }), text))));
  $("meanings").append(...reasons.flatMap(({ text, meaning }) => [make("dt", { textContent: text }), make("dd", { textContent: meaning })]));
  $("strip").append(...items.map((_, n) => make("button", { type: "button", tabIndex: -1, title: `question ${n + 1}`, onclick: () => show(n) })));
  $("accept").onclick = accept;
  $("reject").onclick = reject;
  $("undo").onclick = undo;
  $("unread").onclick = () => unread();
  $("previous").onclick = () => go(-1);
  $("next").onclick = () => go(1);
  $("save").onclick = save;
  $("load").onclick = () => $("file").click();
  $("file").onchange = ({ target }) => { const [file] = target.files; target.value = ""; if (file) load(file); };
  $("theme").onclick = theme;
  $("help").onclick = () => $("keys").showModal();
  $("zoom").onclick = zoom;
  for (const id of ["overlay", "all"]) $(id).onchange = redraw;
  $("opacity").oninput = draw;
  $("note").onchange = noted;
  $("note").maxLength = longest;
  const frames = [...document.querySelectorAll(".frame")];
  for (const frame of frames) frame.onscroll = () => { for (const other of frames) if (other !== frame) other.scrollTo(frame.scrollLeft, frame.scrollTop); };
  addEventListener("beforeunload", (event) => { if (!keeps && !state.saved) event.preventDefault(); });
  new ResizeObserver(size).observe(document.querySelector(".look"));

  $("build").textContent = `reader ${reader.toUpperCase()}`;
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  notice("");
  unread(true);
})();

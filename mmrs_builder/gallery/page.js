
(() => {
  const { build, questions, views, numbers, audit } = read("records");
  const SVG = "http://www.w3.org/2000/svg";

  function svg(tag, attributes = {}, text) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text != null) made.textContent = text;
    return made;
  }

  // ---- what is shown ----------------------------------------------------------------------------------------------

  const state = { fitting: questions.map((_, n) => n), at: -1, step: null, pointed: null, listed: 0 };
  const viewOf = (question) => views[question.view];
  const current = () => questions[state.at];
  const label = (view, index) => words(view.structures[index]?.label);

  function answerOf(question) {
    const view = viewOf(question);
    if (question.kind === "segment") return (question.target ?? []).map((n) => label(view, n)).join(", ") || "nothing";
    if (question.kind !== "open") return question.answer;
    const last = question.steps.at(-1);
    return last?.structures.length ? last.structures.map((n) => label(view, n)).join(", ") : words(question.value);
  }

  // ---- filters ----------------------------------------------------------------------------------------------------

  const FACETS = {
    source: (q) => viewOf(q).source ?? "",
    modality: (q) => viewOf(q).modality ?? "",
    split: (q) => viewOf(q).split ?? "",
    kind: (q) => q.kind,
    family: (q) => q.family,
    answer: answerOf,
  };
  const fields = Object.keys(FACETS);
  const facets = questions.map((q) => Object.fromEntries(fields.map((name) => [name, String(FACETS[name](q))])));
  const texts = questions.map((q) =>
    [q.question, q.answer, q.family, q.program, q.question_id, viewOf(q).id].join("\n").toLowerCase());

  const wanted = Object.fromEntries(fields.map((name) => [name, null])); // null: all

  function fits(n, but) {
    const margin = questions[n].margin ?? 0;
    const term = $("f-words").value.trim().toLowerCase();
    return fields.every((name) => name === but || wanted[name] === null || facets[n][name] === wanted[name])
      && (!term || texts[n].includes(term))
      && margin >= Number($("f-least").value || 0) && margin <= Number($("f-greatest").value || 1);
  }

  function offer(name) {
    const counts = new Map();
    facets.forEach((facet, n) => {
      if (fits(n, name)) counts.set(facet[name], (counts.get(facet[name]) ?? 0) + 1);
    });
    if (wanted[name] !== null && !counts.has(wanted[name])) counts.set(wanted[name], 0);
    const sorted = [...counts].sort((a, b) => a[0].localeCompare(b[0], undefined, { numeric: true }));
    const all = make("option", { value: "all", textContent: "all" });
    const options = sorted.map(([value, n]) => make("option", { value: `=${value}`, textContent: `${words(value) || "–"} (${n})` }));
    $(`f-${name}`).replaceChildren(all, ...options);
    $(`f-${name}`).value = wanted[name] === null ? "all" : `=${wanted[name]}`;
  }

  function filter() {
    for (const name of fields) offer(name);
    state.fitting = questions.map((_, n) => n).filter((n) => fits(n));
    const some = state.fitting.length < questions.length;
    $("clear").hidden = !some;
    $("count").textContent = `${some ? `${state.fitting.length} of ` : ""}${questions.length} questions shown, ${numbers.questions} in the build`;
    $("list").replaceChildren();
    state.listed = 0;
    list(PART);
    $("nothing").hidden = state.fitting.length > 0;
    $("shown").hidden = state.fitting.length === 0;
    if (state.fitting.length) show(state.fitting.includes(state.at) ? state.at : state.fitting[0]);
    else state.at = -1;
  }

  function clear() {
    for (const name of fields) wanted[name] = null;
    $("f-words").value = "";
    $("f-least").value = 0;
    $("f-greatest").value = 1;
    filter();
  }

  // ---- the list: a part at a time, pictures when they come near -----------------------------------------------------

  const PART = 60;
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      if (target.dataset.more) { target.remove(); list(state.listed + PART); } else target.src = views[target.dataset.view].thumbnail;
    }
  }, { rootMargin: "400px" });

  function item(n) {
    const question = questions[n], view = viewOf(question);
    const picture = make("img", { alt: "", width: 56, height: 56 });
    picture.dataset.view = question.view;
    near.observe(picture);
    const about = `${question.family} · ${question.kind} · ${view.source}`;
    const button = make("button", { type: "button", onclick: () => show(n) }, picture,
      make("div", {}, make("b", { textContent: question.question, dir: "auto" }), make("span", { textContent: about })));
    button.dataset.question = n;
    return make("li", {}, button);
  }

  function list(upTo) {
    const end = Math.min(upTo, state.fitting.length);
    $("list").append(...state.fitting.slice(state.listed, end).map(item));
    state.listed = Math.max(state.listed, end);
    if (end < state.fitting.length) {
      const more = make("li", { textContent: "…" });
      more.dataset.more = "yes";
      $("list").append(more);
      near.observe(more);
    }
  }

  function mark() {
    const place = state.fitting.indexOf(state.at);
    if (place >= state.listed) {
      $("list").querySelector("[data-more]")?.remove();
      list(place + PART);
    }
    $("list").querySelector('[aria-current="true"]')?.removeAttribute("aria-current");
    const button = $("list").querySelector(`[data-question="${state.at}"]`);
    button?.setAttribute("aria-current", "true");
    if (button && matchMedia("(min-width: 761px)").matches) button.scrollIntoView({ block: "nearest" });
  }

  // ---- one question -------------------------------------------------------------------------------------------------

  function show(n) {
    const other = state.at < 0 || questions[n].view !== current().view;
    state.at = n;
    state.step = state.pointed = null;
    const question = current(), view = viewOf(question);
    history.replaceState(null, "", `#q=${encodeURIComponent(question.question_id)}`);
    $("facts").replaceChildren(...chips(question, view));
    $("question").textContent = question.question;
    $("choices").replaceChildren(...(question.choices ?? []).map((text, i) =>
      make("li", { textContent: text, className: i === question.answer_index ? "right" : "", dir: "auto" })));
    $("choices").hidden = !question.choices?.length;
    $("answer").textContent = question.answer;
    $("answer").hidden = !$("choices").hidden; // it is marked among the choices
    steps(question, view);
    more(question);
    legend(question, view);
    if (other) open(question.view); else draw();
    mark();
  }

  function chips(question, view) {
    const plain = [question.kind.replace("_", "/"), `frame: ${question.frame}`, view.source, view.modality, view.sequence, view.plane, view.split, view.id];
    return [make("span", { className: "main", textContent: question.family }),
      ...plain.filter(Boolean).map((text) => make("span", { textContent: text }))];
  }

  function bar(margin) {
    const filled = make("span");
    filled.style.width = `${100 * Math.max(0, Math.min(1, margin))}%`;
    return make("span", { className: "bar", title: `margin ${margin.toFixed(3)}` }, filled);
  }

  function structures(view, indices) {
    return indices.flatMap((n) => [swatch(view.structures[n]?.colour), ` ${n + 1} ${label(view, n)} `]);
  }

  function steps(question, view) {
    $("steps").replaceChildren(...question.steps.map((step, n) => {
      const code = make("code");
      const open = step.function ? step.program.indexOf("(") : 0;
      code.append(make("span", { className: "function", textContent: step.program.slice(0, open) }), step.program.slice(open));
      const value = make("em");
      if (step.why !== null) value.append(make("span", { className: "why", textContent: `no value: ${step.why}` }));
      else if (step.structures.length) value.append(...structures(view, step.structures));
      else value.append(step.value === null ? "none" : words(step.value));
      const clear = step.margin === null ? null : make("small", { textContent: `margin ${step.margin.toFixed(2)}` });
      const button = make("button", { type: "button", onclick: () => pick(state.step === n ? null : n) }, code,
        make("div", { className: "value" }, value, clear), step.margin === null ? null : bar(step.margin));
      return make("li", {}, button);
    }));
    if (!question.steps.length) $("steps").append(make("li", { textContent: question.program }), make("li", { textContent: "This program cannot be read." }));
  }

  function pick(n) {
    state.step = n;
    [...$("steps").querySelectorAll("button")].forEach((button, i) => {
      if (i === n) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
    });
    draw();
  }

  function more(question) {
    const rows = [
      ["margin", `${Number(question.margin).toFixed(3)}, asked from ${question.min_margin}`],
      ["value", answerOf(question)],
      ["tolerance", question.tolerance],
      ["says", question.bindings.map((b) => `${b.slot}: ${b.text}`).join(", ")],
      ["words from", question.text_source],
      ["pair", question.pair_kind],
      ["marked", [question.prior_bound && "one possible answer", !question.balanced && "not balanced"].filter(Boolean).join(", ")],
      ["id", question.question_id],
    ];
    $("more").replaceChildren(...rows.filter(([, value]) => value != null && value !== "").flatMap(([name, value]) =>
      [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    const partner = question.pair_id && questions.findIndex((q) => q.pair_id === question.pair_id && q !== question);
    if (partner > -1 && question.pair_id) {
      const go = make("button", { type: "button", textContent: "show the other one", onclick: () => show(partner) });
      $("more").append(make("dt", { textContent: "partner" }), make("dd", {}, go));
    }
  }

  function legend(question, view) {
    const named = new Set(namedBy(question));
    const order = view.structures.map((_, n) => n).sort((a, b) => named.has(b) - named.has(a) || a - b);
    $("legend").replaceChildren(...order.map((n) => {
      const text = `${n + 1} ${label(view, n)}${view.structures[n].part === "component" ? " (part)" : ""}`;
      const button = make("button", { type: "button", title: `${(100 * view.structures[n].share).toFixed(1)} % of the picture` },
        swatch(view.structures[n].colour), text);
      button.dataset.named = named.has(n) ? "yes" : "no";
      button.onpointerenter = button.onfocus = () => { state.pointed = n; draw(); };
      button.onpointerleave = button.onblur = () => { state.pointed = null; draw(); };
      return make("li", {}, button);
    }));
  }

  // ---- the picture --------------------------------------------------------------------------------------------------

  const namedBy = (question) => [...new Set([
    ...question.bindings.flatMap((b) => b.structures), ...(question.target ?? []),
    ...question.steps.flatMap((s) => [...s.structures, ...s.of])])].filter((n) => viewOf(question).structures[n]);

  async function open(n) {
    const view = views[n];
    $("masks").width = view.width;
    $("masks").height = view.height;
    $("picture").src = filesOf(n).files.image;
    $("picture").alt = `${words(view.modality)} picture ${view.id}`;
    size();
    await draw();
  }

  function strong() {
    const question = current(), view = viewOf(question);
    if (state.pointed !== null) return [state.pointed];
    const step = state.step === null ? question.steps.at(-1) : question.steps[state.step];
    const found = state.step === null ? question.target ?? step?.structures ?? []
      : step.structures.length ? step.structures : step.of;
    return (found.length || state.step !== null ? found : namedBy(question)).filter((n) => view.structures[n]);
  }

  async function draw() {
    const question = current(), view = viewOf(question), filled = strong();
    const whole = view.structures.map((_, n) => n).filter((n) => view.structures[n].part !== "component");
    const outlined = [...new Set([...($("all").checked ? whole : []), ...namedBy(question)])].filter((n) => !filled.includes(n));
    if (!(await paint(question.view, view, outlined, filled))) return; // another question has been opened meanwhile
    marks(filled);
    document.body.dataset.drawn = `${question.question_id} ${state.step ?? "answer"}`;
  }

  function size() {
    if (state.at < 0) return;
    const { width, height } = viewOf(current()), frame = document.querySelector(".frame");
    const style = getComputedStyle(frame);
    const room = frame.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const beside = matchMedia("(min-width: 941px)").matches; // else the question must fit below
    const fit = Math.min(room / width, Math.max(240, (beside ? 0.7 : 0.48) * innerHeight) / height, 8);
    const scale = $("true-size").checked ? 1 / devicePixelRatio : fit;
    $("stage").style.width = `${width * scale}px`;
    $("stage").style.height = `${height * scale}px`;
    $("stage").style.left = $("stage").style.top = 0; // onto whole pixels of the screen, or 1:1 would blur
    const box = $("stage").getBoundingClientRect(), whole = (at) => Math.round(at * devicePixelRatio) / devicePixelRatio - at;
    $("stage").style.left = `${whole(box.left)}px`;
    $("stage").style.top = `${whole(box.top)}px`;
    $("stage").classList.toggle("pixels", scale >= 2 || $("true-size").checked);
  }

  // ---- centroids and lines ------------------------------------------------------------------------------------------

  const LINES = {
    quadrant: "cross", side: "upright", level: "flat", zone: "thirds", clock: "clock", near_centre: "near",
    covers_centre: "centre", direction: "eight", main_direction: "four", horizontal: "upright_at", vertical: "flat_at",
    between: "arrow", distance_mm: "arrow", gap: "arrow", gap_mm: "arrow", lateral: "arrow", anteroposterior: "arrow",
    craniocaudal: "arrow", nearest: "arrow", farthest: "arrow", topology: "arrow", aspect: "box", border: "edge",
  };
  const BY_PLACE = { left: "upright", right: "upright", upper: "flat", lower: "flat" };
  const AT_PLACE = { left: "upright_at", right: "upright_at", above: "flat_at", below: "flat_at" };

  function lineOf(step) {
    if (["within", "every", "only"].includes(step.function)) return BY_PLACE[step.places.at(-1)];
    if (step.function === "toward") return AT_PLACE[step.places.at(-1)];
    return LINES[step.function];
  }

  function chosenLines() {
    const way = $("zones").value, question = current();
    if (way === "none") return [];
    if (way !== "auto") return [[{ halves: "cross", thirds: "thirds", clock: "clock" }[way], []]];
    const asked = state.step === null ? question.steps : [question.steps[state.step]];
    return asked.map((step) => [lineOf(step), step.of, step.structures]).filter(([kind]) => kind);
  }

  function lines(kind, of, found, { width: w, height: h, structures: all }) {
    const [left, top, right, bottom] = [-0.5, -0.5, w - 0.5, h - 0.5], [mx, my] = [(w - 1) / 2, (h - 1) / 2];
    const at = (n) => all[n]?.centroid ?? [mx, my];
    const upright = (x) => [x, top, x, bottom], flat = (y) => [left, y, right, y];
    const ray = ([x, y], angle, from = 0, length = w + h) => {
      const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
      return [x + from * dx, y + from * dy, x + length * dx, y + length * dy];
    };
    const turn = (n, shift) => Array.from({ length: n }, (_, k) => (2 * Math.PI * (k + shift)) / n);
    switch (kind) {
      case "cross": return [upright(mx), flat(my)];
      case "upright": return [upright(mx)];
      case "flat": return [flat(my)];
      case "thirds": return [1, 2].flatMap((k) => [upright((k * w) / 3 - 0.5), flat((k * h) / 3 - 0.5)]);
      case "clock": return turn(12, 0.5).map((angle) => ray([mx, my], angle, 0.125 * Math.min(w, h)));
      case "near": return [{ cx: mx, cy: my, rx: 0.2 * w, ry: 0.2 * h }];
      case "centre": return [[mx - 0.03 * w, my, mx + 0.03 * w, my], [mx, my - 0.03 * w, mx, my + 0.03 * w]];
      case "eight": return of.length > 1 ? [...turn(8, 0.5).map((angle) => ray(at(of[1]), angle)), ["arrow", ...at(of[1]), ...at(of[0])]] : [];
      case "four": return of.length > 1 ? [...turn(4, 0.5).map((angle) => ray(at(of[1]), angle)), ["arrow", ...at(of[1]), ...at(of[0])]] : [];
      case "upright_at": return of.length ? [upright(at(of.at(-1))[0]), ...lines("arrow", of, found, { width: w, height: h, structures: all })] : [];
      case "flat_at": return of.length ? [flat(at(of.at(-1))[1]), ...lines("arrow", of, found, { width: w, height: h, structures: all })] : [];
      case "arrow": {
        const ends = found.length ? found : of.slice(0, 1), starts = found.length ? of : of.slice(1);
        return starts.flatMap((start) => ends.map((end) => ["arrow", ...at(start), ...at(end)]));
      }
      case "box": return of.map((n) => { const [x0, y0, x1, y1] = all[n].box; return { x: x0 - 0.5, y: y0 - 0.5, width: x1 - x0, height: y1 - y0 }; });
      case "edge": return [{ x: left, y: top, width: w, height: h }];
      default: return [];
    }
  }

  function lined(shape, unit) {
    if (!Array.isArray(shape)) {
      const tag = "rx" in shape ? "ellipse" : "rect";
      return [svg(tag, { ...shape, class: "shade" }), svg(tag, { ...shape, class: "line" })];
    }
    if (shape[0] !== "arrow") {
      const [x1, y1, x2, y2] = shape;
      return [svg("line", { x1, y1, x2, y2, class: "shade" }), svg("line", { x1, y1, x2, y2, class: "line" })];
    }
    const [, x1, y1, x2, y2] = shape, angle = Math.atan2(y2 - y1, x2 - x1);
    const tip = [x2 - 7 * unit * Math.cos(angle), y2 - 7 * unit * Math.sin(angle)];
    const wing = (turn) => [tip[0] - 10 * unit * Math.cos(angle + turn), tip[1] - 10 * unit * Math.sin(angle + turn)].join(",");
    const d = `M${x1},${y1} L${tip} M${wing(0.45)} L${tip} L${wing(-0.45)}`;
    return [svg("path", { d, class: "shade" }), svg("path", { d, class: "arrow" })];
  }

  function marks(filled) {
    const question = current(), view = viewOf(question), { width, height } = view;
    const unit = width / ($("stage").clientWidth || width); // pixels of the picture in one of the screen
    const box = $("marks");
    box.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
    const clip = svg("clipPath", { id: "within" });
    clip.append(svg("rect", { x: -0.5, y: -0.5, width, height }));
    const inside = svg("g", { "clip-path": "url(#within)" });
    for (const [kind, of, found = []] of chosenLines()) {
      for (const shape of lines(kind, of, found, view)) inside.append(...lined(shape, unit));
      if (kind === "clock") for (let hour = 1; hour <= 12; hour++) {
        const angle = (hour * Math.PI) / 6, r = 0.44 * Math.min(width, height);
        inside.append(svg("text", { x: (width - 1) / 2 + r * Math.sin(angle), y: (height - 1) / 2 - r * Math.cos(angle),
          class: "number", "font-size": 13 * unit, "stroke-width": 3 * unit }, hour));
      }
    }
    const dots = !$("centroids").checked ? [] : [...new Set([...filled, ...namedBy(question)])].flatMap((n) => {
      const [x, y] = view.structures[n].centroid, strongly = filled.includes(n);
      const place = { x: x + 11 * unit, y: y - 10 * unit, class: "number", "font-size": (strongly ? 15 : 12) * unit, "stroke-width": 3 * unit };
      return [svg("circle", { cx: x, cy: y, r: (strongly ? 5 : 3.5) * unit, fill: view.structures[n].colour, class: "dot" }),
        svg("text", place, n + 1)];
    });
    box.replaceChildren(clip, inside, ...dots);
  }

  function point(event) {
    const question = current(), view = viewOf(question), box = $("stage").getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * view.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * view.height);
    if (x < 0 || y < 0 || x >= view.width || y >= view.height) { $("place").textContent = ""; return; }
    const here = [...filesOf(question.view).bits].filter(([, bits]) => bits[y * view.width + x]).map(([n]) => label(view, n));
    $("place").textContent = `x ${x}, y ${y}${here.length ? ` · ${[...new Set(here)].join(", ")}` : ""}`;
  }

  // ---- statistics ---------------------------------------------------------------------------------------------------

  const HUES = ["#62b8ff", "#f0a23b", "#5fd39a", "#e57fb2", "#b49cf5", "#e5d85c", "#ff8a6b", "#7fd8dd", "#a3b18a", "#c79a6b", "#8fa7c9", "#d0d0d0"];

  function card(title, said, size, ...content) {
    return make("section", { className: `card ${size}` }, make("h2", { textContent: title }), said ? make("p", { textContent: said }) : null, ...content);
  }

  function row(name, drawing, n) {
    return make("div", { className: "row" }, make("span", { textContent: name, title: name }), drawing, make("span", { textContent: n }));
  }

  function strip(parts) { // [share, fill, title]
    const made = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img" });
    let x = 0;
    for (const [share, fill, title] of parts) {
      const part = svg("rect", { x, y: 0, width: Math.max(0, 100 * share - 0.25), height: 10, ...(fill.startsWith("#") ? { fill } : { class: fill }) });
      part.append(svg("title", {}, title));
      made.append(part);
      x += 100 * share;
    }
    return made;
  }

  function counts(title, said, pairs) {
    const most = Math.max(1, ...pairs.map(([, n]) => n));
    return card(title, said, "", ...pairs.map(([name, n]) => row(words(name), strip([[n / most, "cell", `${n}`]]), n)));
  }

  function maps() {
    const side = numbers.cells, drawn = numbers.places.map(([name, cells]) => {
      const total = cells.reduce((a, b) => a + b, 0), most = Math.max(...cells);
      const made = svg("svg", { viewBox: `0 0 ${side} ${side}`, role: "img" });
      cells.forEach((n, k) => {
        const cell = svg("rect", { x: k % side, y: Math.floor(k / side), width: 1.01, height: 1.01, class: "cell", "fill-opacity": n ? 0.08 + 0.92 * (n / most) : 0 });
        cell.append(svg("title", {}, `${n} of ${total}`));
        made.append(cell);
      });
      for (const k of [side / 3, (2 * side) / 3]) {
        made.append(svg("line", { x1: k, x2: k, y1: 0, y2: side, class: "third" }), svg("line", { y1: k, y2: k, x1: 0, x2: side, class: "third" }));
      }
      return make("div", {}, made, make("p", {}, words(name), " ", make("small", { textContent: total })));
    });
    return card("Where structures lie", `Centroids of the ${drawn.length} commonest of ${numbers.labels} labels over the picture; lines mark its thirds. A label that is always in one place answers its own questions.`, "broad", make("div", { className: "maps" }, ...drawn));
  }

  function balance() {
    const drawn = numbers.answers.map(({ family, questions: n, values, rest }) => {
      const parts = values.map(([value, k], i) => [k / n, HUES[i % HUES.length], `${words(value)}: ${k} of ${n}`]);
      if (rest) parts.push([rest / n, "UNDECIDED", `others: ${rest} of ${n}`]);
      return row(family, strip(parts), n);
    });
    return card("Answers", "How often each value is the answer, by family and kind; point at a part to read it. Equal parts mean that guessing does not pay.", "broad", ...drawn);
  }

  function margins() {
    const drawn = numbers.margins.map(([kind, bins]) => {
      const most = Math.max(1, ...bins), made = svg("svg", { viewBox: `0 0 ${bins.length} 10`, preserveAspectRatio: "none", role: "img" });
      bins.forEach((n, k) => {
        const height = (9.5 * n) / most, one = svg("rect", { x: k + 0.08, y: 10 - height, width: 0.84, height, class: "cell" });
        one.append(svg("title", {}, `${(k / bins.length).toFixed(2)} to ${((k + 1) / bins.length).toFixed(2)}: ${n}`));
        made.append(one);
      });
      made.append(svg("line", { x1: 0, x2: bins.length, y1: 10, y2: 10, class: "axis" }));
      const ends = make("div", { className: "scale" }, make("span", { textContent: "0" }), make("span", { textContent: "1" }));
      return make("div", {}, make("p", {}, words(kind), " ", make("small", { textContent: bins.reduce((a, b) => a + b, 0) })), made, ends);
    });
    return card("Margins", "How clearly the masks decide: 0 at the boundary between two answers, 1 in the clearest case.", "broad", make("div", { className: "hists" }, ...drawn));
  }

  function blind() {
    const text = "What solvers without the picture answer right, beside chance (the upright stroke), as mmrs audit found. Red can be guessed; grey is not decided, which is no pass.";
    const drawn = [...audit].sort((a, b) => (b.blind - b.chance) - (a.blind - a.chance)).map((pool) => {
      const made = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img" });
      const kind = ["PASS", "FAIL"].includes(pool.verdict) ? pool.verdict : "UNDECIDED";
      const [low, high] = [Math.min(pool.blind, pool.chance), Math.max(pool.blind, pool.chance)];
      made.append(svg("line", { x1: 0, x2: 100, y1: 5, y2: 5, class: "axis" }),
        svg("rect", { x: 100 * low, y: 3, width: Math.max(0.6, 100 * (high - low)), height: 4, class: kind }),
        svg("line", { x1: 100 * pool.chance, x2: 100 * pool.chance, y1: 0, y2: 10, class: "chance" }));
      made.append(svg("title", {}, `blind ${(100 * pool.blind).toFixed(1)} %, chance ${(100 * pool.chance).toFixed(1)} %, ${pool.verdict}`));
      return row(`${words(pool.name)}: ${pool.verdict}`, made, `${(100 * (pool.blind - pool.chance)).toFixed(1)}`);
    });
    return card("Blind gap", text, "broad", ...drawn);
  }

  let counted = false;
  function statistics() {
    if (counted) return;
    counted = true;
    const total = [[numbers.views, "views"], [numbers.questions, "questions"], [numbers.labels, "labels"],
      [new Set(numbers.answers.map(({ family }) => family.split(" ")[0])).size, "families with closed answers"]];
    $("numbers").replaceChildren(
      card("The whole build", "", "broad", make("div", { className: "total" }, ...total.map(([n, name]) => make("div", {}, make("b", { textContent: n.toLocaleString("en") }), make("span", { textContent: name }))))),
      counts("Modalities", "Questions about each.", numbers.modality), counts("Sources", "Questions about each.", numbers.source),
      counts("Kinds", "Questions of each.", numbers.kind), counts("Splits", "Questions in each.", numbers.split),
      maps(), balance(), margins(), ...(audit ? [blind()] : []));
  }

  // ---- keys and buttons ---------------------------------------------------------------------------------------------

  function turnTo(page) {
    $("questions").hidden = page !== "questions";
    $("numbers").hidden = page !== "numbers";
    $("to-questions").setAttribute("aria-pressed", page === "questions");
    $("to-numbers").setAttribute("aria-pressed", page === "numbers");
    if (page === "numbers") statistics(); else { size(); if (state.at > -1) draw(); }
  }

  function go(by) {
    const place = state.fitting.indexOf(state.at) + by;
    if (place >= 0 && place < state.fitting.length) show(state.fitting[place]);
  }

  function through(by) {
    const last = current().steps.length - 1, now = state.step ?? (by > 0 ? -1 : last + 1);
    pick(now + by < 0 || now + by > last ? null : now + by);
  }

  function flip(id) {
    $(id).checked = !$(id).checked;
    size();
    draw();
  }

  function fade(by) {
    $("opacity").value = Number($("opacity").value) + by;
    draw();
  }

  function otherLines() {
    $("zones").selectedIndex = ($("zones").selectedIndex + 1) % $("zones").length;
    draw();
  }

  function search() {
    $("filters").open = true;
    $("f-words").focus();
    $("f-words").select();
  }

  const ANYWHERE = { s: () => turnTo($("numbers").hidden ? "numbers" : "questions"), t: theme, "?": () => $("keys").showModal(), "/": search };
  const ON_QUESTION = {
    ArrowRight: () => go(1), j: () => go(1), ArrowLeft: () => go(-1), k: () => go(-1),
    ArrowDown: () => through(1), ArrowUp: () => through(-1), o: () => flip("overlay"), a: () => flip("all"),
    c: () => flip("centroids"), 1: () => flip("true-size"), z: otherLines, "[": () => fade(-10), "]": () => fade(10),
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox]), select, dialog");
    if (event.key === "Escape" && field && !field.matches("dialog")) { field.blur(); return; }
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "/" && $("questions").hidden) turnTo("questions");
    const act = ANYWHERE[key] ?? ($("questions").hidden || state.at < 0 ? null : ON_QUESTION[key]);
    if (!act) return;
    event.preventDefault();
    act();
  });

  for (const name of fields) {
    $(`f-${name}`).onchange = ({ target }) => { wanted[name] = target.value === "all" ? null : target.value.slice(1); filter(); };
  }
  for (const id of ["f-words", "f-least", "f-greatest"]) $(id).oninput = filter;
  for (const id of ["overlay", "all", "centroids", "zones", "true-size"]) $(id).onchange = () => { size(); draw(); };
  $("opacity").oninput = draw;
  $("clear").onclick = (event) => { event.preventDefault(); clear(); };
  $("to-questions").onclick = () => turnTo("questions");
  $("to-numbers").onclick = () => turnTo("numbers");
  $("theme").onclick = theme;
  $("help").onclick = () => $("keys").showModal();
  $("previous").onclick = () => go(-1);
  $("next").onclick = () => go(1);
  $("toggle").onclick = () => flip("overlay");
  $("stage").onpointermove = point;
  $("stage").onpointerleave = () => { $("place").textContent = ""; };
  new ResizeObserver(() => { size(); if (state.at > -1) draw(); }).observe(document.querySelector(".frame"));

  const terms = [...new Map(views.map((view) => [view.source, view.license])).entries()];
  $("terms").textContent = `Research only, not for clinical use. Pictures under the terms of their corpora: ${terms.map(([source, terms]) => `${source} (${terms ?? "unknown"})`).join(", ")}.`;
  $("build").textContent = build;
  document.title = `${build}: MMRS gallery`;
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  if (matchMedia("(max-width: 760px)").matches) $("filters").open = false;
  const linked = new URLSearchParams(location.hash.slice(1)).get("q");
  state.at = -1;
  const first = questions.findIndex((q) => q.question_id === linked);
  filter();
  if (first > -1) show(first);
})();

// Draws the trees that Python sends (nodes.py says what is in them) and reports what is done to them. It knows nothing of
// emails: what a gesture means, and who may do it, is decided in Python.
//
// Text becomes text nodes, never markup. Elements are kept by tag and key and changed only where two trees differ, so that
// focus, scroll and what is being typed survive a redraw.

// The lists of nodes.py once more: a forged tree gets no further than a forged message.
const TAGS = new Set(
  ("article aside button caption col colgroup dd details dialog div dl dt fieldset footer form h1 h2 h3 h4 header hr img input kbd label" +
    " legend li main meter nav ol option output p progress section select small span strong summary table tbody td textarea th thead time" +
    " tr ul").split(" "),
);
const ATTRIBUTES = new Set(
  ("alt autocomplete checked class cols colspan dir disabled draggable for height hidden high id lang list low max maxlength min multiple" +
    " name open optimum pattern placeholder readonly required role rows scope selected size spellcheck src step tabindex title type value" +
    " width").split(" "),
);
const BEHAVIOURS = new Set(["focus", "modal", "arrows", "drag"]);
const IMAGE_SOURCES = ["data:image/png;base64,", "data:image/svg+xml;base64,"];

const OPEN_NAME = /^(aria|data)-[a-z0-9-]+$/;
// Ids are made unique per view, because one model may be shown twice on a page.
const REFERENCES = new Set(
  "id for list aria-activedescendant aria-controls aria-describedby aria-details aria-errormessage aria-labelledby aria-owns".split(" "),
);
const WORDY = /^(aria-.*|data-.*|draggable|spellcheck)$/; // here yes is "true", elsewhere the attribute's presence
const INTERACTIVE = "button, input, select, textarea, label, summary, option";
const TYPED = "textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])";
const CAN_HAVE_FOCUS = "button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex]";
const ARROWS = {
  vertical: { ArrowUp: -1, ArrowDown: 1 },
  horizontal: { ArrowLeft: -1, ArrowRight: 1 },
  both: { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 },
};
const PAUSE_IN_TYPING = 200; // ms until what was typed is reported
const LONGEST_PRESS = 1000; // ms for which a pressed button holds the picture still
const MOST_REMEMBERED = 20; // values reported from one field and not seen again yet

let views = 0;

const isText = (tree) => typeof tree === "string";
const isElement = (tree) => tree !== null && typeof tree === "object" && TAGS.has(tree.t);
const named = (values) => (values !== null && typeof values === "object" && !Array.isArray(values) ? values : {});
const kind = (tree) => (isText(tree) ? "#" : `${tree.t} ${named(tree.a).type ?? ""}`);
const nameOf = (tree) => (isText(tree) || tree.k === undefined ? undefined : `${tree.t} ${tree.k}`);
const isField = (node) => ["INPUT", "SELECT", "TEXTAREA"].includes(node.nodeName);
const isTicked = (node) => node.nodeName === "INPUT" && ["checkbox", "radio"].includes(node.type);

function isAllowed(node, name, value) {
  if (!["string", "number", "boolean"].includes(typeof value)) return false;
  if (name === "src") return node.nodeName === "IMG" && IMAGE_SOURCES.some((start) => String(value).startsWith(start));
  return ATTRIBUTES.has(name) || OPEN_NAME.test(name);
}

// What a gesture on this element carries as its value.
function valueOf(node) {
  if (node.nodeName === "INPUT" && node.type === "checkbox") return node.checked;
  if (isField(node)) return node.multiple ? null : node.value;
  return node.getAttribute("value");
}

// The named fields of a form. Boxes that share a name give the list of those ticked, a box of its own gives yes or no.
function fieldsOf(form, submitter) {
  const fields = {};
  const boxes = (name) => [...form.elements].filter((one) => one.name === name && one.type === "checkbox");
  for (const node of form.elements) {
    if (!node.name || node.disabled || !isField(node)) continue;
    if (node.type === "checkbox") {
      const all = boxes(node.name);
      fields[node.name] = all.length === 1 ? node.checked : all.filter((one) => one.checked).map((one) => one.value);
    } else if (node.type === "radio") {
      if (node.checked) fields[node.name] = node.value;
      else fields[node.name] ??= "";
    } else if (node.nodeName === "SELECT" && node.multiple) {
      fields[node.name] = [...node.selectedOptions].map((option) => option.value);
    } else fields[node.name] = node.value;
  }
  if (submitter?.name) fields[submitter.name] = submitter.value;
  return fields;
}

// "key:Shift+ArrowUp": the modifiers must agree; with signs such as "?" Shift is part of typing them.
function isKey(name, event) {
  const parts = name.slice("key:".length).split(/\+(?=.)/);
  const wanted = parts.pop();
  const pressed = event.key === " " ? "Space" : event.key;
  if (wanted.toLowerCase() !== pressed.toLowerCase()) return false;
  const agrees = (modifier, held) => parts.includes(modifier) === held;
  const isSign = pressed.length === 1 && pressed.toLowerCase() === pressed.toUpperCase();
  return (
    agrees("Ctrl", event.ctrlKey) && agrees("Alt", event.altKey) && agrees("Meta", event.metaKey) && (isSign || agrees("Shift", event.shiftKey))
  );
}

// Where the browser can, elements move without losing focus, scroll or a running animation.
function put(parent, node, before) {
  if (parent.moveBefore && parent.isConnected && node.isConnected) parent.moveBefore(node, before);
  else parent.insertBefore(node, before);
}

function setValue(node, text) {
  if (node.value === text) return;
  const caret = node === document.activeElement ? node.selectionStart : null;
  node.value = text;
  if (caret !== null && caret !== undefined) node.setSelectionRange(caret, caret);
}

// The elements that arrow keys go through: not what stands inside one of them, nor inside another such list.
function stopsOf(list) {
  const stops = [];
  const look = (node) => {
    for (const child of node.children) {
      if (child.matches(CAN_HAVE_FOCUS)) stops.push(child);
      else if (!child.hasAttribute("data-ob-arrows")) look(child);
    }
  };
  look(list);
  return stops;
}

class Screen {
  #model;
  #root;
  #prefix = `ob${++views}-`;
  #records = new WeakMap(); // what is known of an element: {tree, node, name, children, told}
  #drawn = [];
  #lists = new Set(); // elements through which the arrow keys lead
  #layers = new Set(); // modal dialogs and popups, which lie above everything
  #toFocus = null;
  #held = false;
  #pressed = undefined;
  #late = false;
  #typing = null;
  #dragged = null;
  #aim = null;
  #receipts = 0;
  #waiting = new Map();
  #leaving = new AbortController();

  constructor(model, root) {
    this.#model = model;
    this.#root = root;
    this.#listen();
    this.redraw();
  }

  leave() {
    this.#flush();
    this.#leaving.abort();
  }

  // ---- drawing

  redraw() {
    this.#late = this.#held;
    if (this.#held) return;
    const tree = JSON.parse(this.#model.get("tree"));
    const place = this.#placeOfFocus();
    this.#drawn = this.#children(this.#root, this.#drawn, [tree]);
    for (const list of this.#lists) list.isConnected ? this.#rove(list) : this.#lists.delete(list);
    this.#raise();
    this.#restoreFocus(place);
  }

  #children(parent, old, trees) {
    const keyed = new Map(old.filter((record) => record.name !== undefined).map((record) => [record.name, record]));
    let loose = old.filter((record) => record.name === undefined);
    const kept = new Set();
    const find = (tree) => {
      const name = nameOf(tree);
      if (name !== undefined) return keyed.get(name);
      const index = loose.findIndex((record) => kind(record.tree) === kind(tree));
      const found = loose[index];
      if (found) loose = loose.slice(index + 1); // those before it are gone: siblings keep their order
      return found;
    };
    const pairs = [];
    for (const tree of Array.isArray(trees) ? trees : []) {
      if (!isText(tree) && !isElement(tree)) continue;
      const record = find(tree);
      const isNew = record === undefined || kept.has(record);
      if (!isNew) kept.add(record);
      pairs.push([isNew ? this.#create(tree) : record, tree]);
    }
    for (const record of old) if (!kept.has(record)) this.#remove(record);
    let spot = parent.firstChild;
    for (const [record, tree] of pairs) {
      this.#update(record, tree);
      if (record.node === spot) spot = spot.nextSibling;
      else put(parent, record.node, spot);
    }
    return pairs.map(([record]) => record);
  }

  #create(tree) {
    if (isText(tree)) return { tree, node: document.createTextNode(tree), name: undefined, children: [] };
    const node = document.createElement(tree.t);
    // On every element: JupyterLab looks for it from the focused element upwards, and much can have the focus.
    node.setAttribute("data-lm-suppress-shortcuts", "true");
    const record = { tree: { t: tree.t }, node, name: nameOf(tree), children: [], told: [] };
    this.#records.set(node, record);
    return record;
  }

  #remove({ node }) {
    if (node.nodeName === "DIALOG" && node.open) node.close(); // gives the focus back
    node.remove();
  }

  #update(record, tree) {
    if (isText(tree)) {
      if (record.tree !== tree) record.node.data = tree;
      record.tree = tree;
      return;
    }
    const before = named(record.tree.a);
    const after = named(tree.a);
    record.tree = tree;
    const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
      (name) => !Object.hasOwn(before, name) || !Object.hasOwn(after, name) || before[name] !== after[name],
    );
    // A value comes last: it depends on the type, the limits and the options.
    for (const name of changed) if (name !== "value") this.#attribute(record, name, after[name]);
    record.children = this.#children(record.node, record.children, tree.c);
    if (changed.includes("value")) this.#attribute(record, "value", after.value);
  }

  #attribute(record, name, value) {
    const { node } = record;
    const isSet = value !== undefined && value !== null && value !== false;
    if (BEHAVIOURS.has(name)) this.#behave(node, name, isSet ? value : null);
    else if (isSet && !isAllowed(node, name, value)) node.removeAttribute(name);
    else if (name === "checked" || name === "selected") node[name] = isSet;
    else if (name === "value" && isField(node)) this.#value(record, value);
    else if (name === "open" && node.nodeName === "DIALOG" && named(record.tree.a).modal) return;
    else if (!isSet) node.removeAttribute(name);
    else if (REFERENCES.has(name)) node.setAttribute(name, String(value).replace(/\S+/g, (id) => this.#prefix + id));
    else node.setAttribute(name, value === true ? (WORDY.test(name) ? "true" : "") : value);
    if (name === "class" && node.matches(".ob-popup, .ob-announcements")) {
      node.popover = "manual";
      this.#layers.add(node);
    }
  }

  #behave(node, name, value) {
    if (name === "focus" && value !== null) this.#toFocus = node;
    if (name === "drag") node.draggable = value !== null;
    if (name === "modal") this.#layers[value === null ? "delete" : "add"](node);
    if (name === "arrows") {
      node.toggleAttribute("data-ob-arrows", value !== null);
      this.#lists[value === null ? "delete" : "add"](node);
    }
  }

  // An answer to what was typed a moment ago must not undo what has been typed since.
  #value({ node, told }, value) {
    if (value === undefined || value === null) return;
    if (node.type === "range" && node.matches(":active")) return; // somebody drags it
    const echo = told.indexOf(String(value));
    told.splice(0, echo < 0 ? told.length : echo + 1);
    if (echo < 0) setValue(node, String(value));
  }

  #raise() {
    if (!this.#root.isConnected) {
      requestAnimationFrame(() => this.#leaving.signal.aborted || this.#raise());
      return;
    }
    for (const node of this.#layers) {
      if (!node.isConnected) this.#layers.delete(node);
      else if (node.nodeName !== "DIALOG") node.matches(":popover-open") || node.showPopover?.();
      else if (!node.matches(":modal") && !this.#isLeft(node)) {
        node.removeAttribute("open");
        node.showModal();
      }
    }
    if (this.#toFocus?.isConnected) this.#toFocus.focus();
    this.#toFocus = null;
  }

  // ---- focus

  // The focused element, and its place as steps down from each of its ancestors, in case it goes away.
  #placeOfFocus() {
    const focused = document.activeElement;
    if (focused === this.#root || !this.#root.contains(focused)) return null;
    const steps = [];
    for (let node = focused; node !== this.#root; node = node.parentNode) steps.unshift([node.parentNode, [...node.parentNode.children].indexOf(node)]);
    return { focused, steps };
  }

  #restoreFocus(place) {
    if (place === null || (this.#root.contains(document.activeElement) && document.activeElement !== this.#root)) return;
    if (place.focused.isConnected) {
      place.focused.focus({ preventScroll: true });
      return;
    }
    // What took its place, as deep as the way leads: after a row went, the same button of the next one.
    const gone = place.steps.findIndex((_, at) => !(place.steps[at + 1]?.[0] ?? place.focused).isConnected);
    let node = place.steps[gone][0];
    const way = [node];
    for (const [, index] of place.steps.slice(gone)) {
      node = node.children[Math.min(index, node.children.length - 1)];
      if (!node) break;
      way.push(node);
    }
    const next = way.reverse().find((one) => one.matches(CAN_HAVE_FOCUS)) ?? way[0].querySelector(CAN_HAVE_FOCUS) ?? this.#root;
    next.focus({ preventScroll: true });
  }

  // Of a list one element can be reached by Tab: where the focus was last, or what is chosen, or the first.
  #rove(list) {
    const stops = stopsOf(list);
    const record = this.#records.get(list);
    const chosen = stops.find((one) => one.matches('[aria-selected="true"], [aria-current]:not([aria-current="false"])'));
    const reachable = stops.includes(record.stop) ? record.stop : (chosen ?? stops[0]);
    for (const one of stops) if (one.tabIndex !== (one === reachable ? 0 : -1)) one.tabIndex = one === reachable ? 0 : -1;
  }

  #listOf(target) {
    const list = target.closest("[data-ob-arrows]");
    return list && this.#root.contains(list) ? list : null;
  }

  #step(event) {
    const list = this.#listOf(event.target);
    if (!list || event.target.matches(TYPED) || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const stops = stopsOf(list);
    const here = stops.findIndex((one) => one.contains(event.target));
    const steps = ARROWS[named(this.#records.get(list).tree.a).arrows] ?? ARROWS.both;
    const there = { Home: 0, End: stops.length - 1 }[event.key] ?? (Object.hasOwn(steps, event.key) ? here + steps[event.key] : null);
    if (there === null || here < 0) return;
    event.preventDefault();
    stops[Math.max(0, Math.min(there, stops.length - 1))].focus();
  }

  // ---- gestures

  #listen() {
    const { signal } = this.#leaving;
    const on = (type, listener, capture = false) => this.#root.addEventListener(type, listener, { signal, capture });
    const redraw = () => this.redraw();
    const settled = (message) => message?.settled && this.#settle(message.settled);
    this.#model.on("change:tree", redraw);
    this.#model.on("msg:custom", settled);
    signal.addEventListener("abort", () => {
      this.#model.off("change:tree", redraw);
      this.#model.off("msg:custom", settled);
    });
    on("click", (event) => this.#click(event));
    on("dblclick", () => this.#doubleClick());
    on("change", (event) => this.#tell(this.#owner(event, "change"), event.target));
    on("input", (event) => event.isComposing || this.#type(event));
    on("compositionend", (event) => this.#type(event));
    on("focusout", () => this.#flush());
    on("submit", (event) => this.#submit(event));
    on("keydown", (event) => this.#key(event));
    for (const type of ["keyup", "keypress"]) on(type, (event) => event.stopPropagation());
    on("focusin", ({ target }) => {
      const list = this.#listOf(target);
      if (!list) return;
      this.#records.get(list).stop = stopsOf(list).find((one) => one.contains(target));
      this.#rove(list);
    });
    // These two do not bubble.
    on("cancel", (event) => this.#leaveDialog(event), true);
    on("close", (event) => this.#leaveDialog(event), true);
    on("dragstart", (event) => this.#drag(event));
    for (const type of ["dragenter", "dragover", "dragleave"]) on(type, (event) => this.#dragOver(event));
    on("drop", (event) => this.#drop(event));
    on("dragend", () => this.#dragEnd());
    // While a button is pressed nothing moves: a click that began on a row ends on it.
    on("pointerdown", () => this.#hold(), true);
    for (const type of ["pointerup", "pointercancel"]) window.addEventListener(type, () => setTimeout(() => this.#release()), { signal, capture: true });
  }

  #hold() {
    this.#held = true;
    clearTimeout(this.#pressed);
    this.#pressed = setTimeout(() => this.#release(), LONGEST_PRESS);
  }

  #release() {
    if (!this.#held || this.#dragged !== null) return;
    this.#held = false;
    if (this.#late) this.redraw();
    for (const [receipt, { isSettled }] of this.#waiting) if (isSettled) this.#settle(receipt);
  }

  // The nearest element that asks for this event. What the browser itself reacts to on the way keeps the event for itself.
  #owner(event, name, keeps = () => false) {
    for (let node = event.target; node && node !== this.#root; node = node.parentNode) {
      const events = named(this.#records.get(node)?.tree.e);
      const found = Object.keys(events).find((one) => (typeof name === "string" ? one === name : name(one)));
      if (found && Array.isArray(events[found])) {
        const isDisabled = node.disabled || node.getAttribute("aria-disabled") === "true";
        return isDisabled ? null : { record: this.#records.get(node), gesture: events[found] };
      }
      if (keeps(node)) return null;
    }
    return null;
  }

  #tell(found, target, value = undefined, submitter = null) {
    if (!found) return;
    this.#flush();
    const { node } = found.record;
    const form = node.nodeName === "FORM" ? node : node.closest("form");
    const receipt = `${this.#prefix}${++this.#receipts}`;
    this.#waiting.set(receipt, { node: target === node ? node : null, isSettled: false });
    const told = value === undefined ? valueOf(target) : value;
    if (isField(target) && typeof told === "string") this.#remember(target, told);
    const [gesture, ...rest] = found.gesture;
    const fields = form && this.#root.contains(form) ? fieldsOf(form, submitter) : null;
    this.#model.send({ gesture, arguments: rest, value: told, form: fields, receipt });
  }

  #remember(field, value) {
    const { told } = this.#records.get(field);
    told.push(value);
    if (told.length > MOST_REMEMBERED) told.shift();
  }

  // Python has heard a gesture, and what is drawn is what came of it: a box ticked in vain loses its tick again.
  #settle(receipt) {
    const waiting = this.#waiting.get(receipt);
    if (!waiting) return;
    waiting.isSettled = true;
    if (this.#held) return;
    this.#waiting.delete(receipt);
    const { node } = waiting;
    if (node === null) return;
    if (isTicked(node)) {
      const group = node.type === "radio" ? this.#root.querySelectorAll(`input[type=radio][name="${CSS.escape(node.name)}"]`) : [node];
      for (const one of group) one.checked = Boolean(named(this.#records.get(one)?.tree.a).checked);
    } else if (node.nodeName === "SELECT" || node.type === "range") {
      const { value } = named(this.#records.get(node)?.tree.a);
      if (value !== undefined) setValue(node, String(value));
      else for (const option of node.options ?? []) option.selected = Boolean(named(this.#records.get(option)?.tree.a).selected);
    } else if (node.nodeName === "DIALOG") this.#raise();
  }

  #click(event) {
    const keeps = (node) => node.matches(INTERACTIVE);
    // A double click means the row of its first click, even if another has moved there since.
    if (event.detail <= 1) this.#aim = this.#owner(event, "dblclick", keeps);
    const found = (event.shiftKey && this.#owner(event, "shift-click", keeps)) || this.#owner(event, "click", keeps);
    this.#tell(found, found?.record.node);
  }

  #doubleClick() {
    if (!this.#aim) return;
    getSelection().removeAllRanges(); // the word under the pointer
    this.#tell(this.#aim, this.#aim.record.node);
  }

  #type(event) {
    const found = this.#owner(event, "input");
    if (!found) return;
    if (this.#typing && this.#typing.target !== event.target) this.#flush();
    clearTimeout(this.#typing?.timer);
    this.#typing = { found, target: event.target, timer: setTimeout(() => this.#flush(), PAUSE_IN_TYPING) };
  }

  #flush() {
    const typing = this.#typing;
    if (!typing) return;
    this.#typing = null;
    clearTimeout(typing.timer);
    if (typing.target.isConnected) this.#tell(typing.found, typing.target);
  }

  #submit(event) {
    event.preventDefault();
    this.#tell(this.#owner(event, "submit"), event.target, null, event.submitter);
  }

  #key(event) {
    event.stopPropagation(); // nothing typed here is for the notebook around it
    if (event.isComposing) return;
    const isPressing = event.key === "Enter" || event.key === " ";
    const hasModifier = event.ctrlKey || event.altKey || event.metaKey;
    const keeps = (node) => event.key !== "Escape" && !hasModifier && node.matches(isPressing ? INTERACTIVE : TYPED);
    const found = this.#owner(event, (name) => name.startsWith("key:") && isKey(name, event), keeps);
    if (found || (event.repeat && isPressing && event.target.matches("button"))) event.preventDefault();
    if (!found) this.#step(event);
    else if (!event.repeat || event.key.startsWith("Arrow")) this.#tell(found, found.record.node);
  }

  // Escape asks Python, which takes the dialog away. Pressed again and again it closes the dialog without asking; then that is told.
  #leaveDialog(event) {
    const found = this.#owner(event, "close");
    if (!found || event.target !== found.record.node) return;
    if (event.type === "cancel" && !event.cancelable) return; // `close` follows
    event.preventDefault();
    if (!this.#isLeft(event.target)) this.#tell(found, event.target, null);
  }

  #isLeft(dialog) {
    return [...this.#waiting.values()].some(({ node, isSettled }) => node === dialog && !isSettled);
  }

  // ---- drag and drop, within one screen

  #drag(event) {
    const dragged = named(this.#records.get(event.target)?.tree.a).drag;
    if (dragged === undefined) return;
    event.stopPropagation();
    this.#dragged = String(dragged);
    this.#held = true;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.#dragged);
    event.target.setAttribute("data-ob-dragged", "");
  }

  #dragOver(event) {
    const found = this.#dragged === null ? null : this.#owner(event, "drop");
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    found.record.node.toggleAttribute("data-ob-over", event.type !== "dragleave");
  }

  #drop(event) {
    const found = this.#dragged === null ? null : this.#owner(event, "drop");
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    this.#tell(found, found.record.node, this.#dragged);
    this.#dragEnd();
  }

  #dragEnd() {
    this.#dragged = null;
    for (const name of ["data-ob-dragged", "data-ob-over"])
      for (const node of this.#root.querySelectorAll(`[${name}]`)) node.removeAttribute(name);
    this.#release();
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "outboxsim";
  root.tabIndex = -1;
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  el.append(root);
  const screen = new Screen(model, root);
  return () => screen.leave();
}

export default { render };

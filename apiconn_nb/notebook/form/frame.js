// What a form needs of its browser besides ipywidgets' controls: presses and secrets on one channel, names and states
// for screen readers, copying, keeping a private key out of a public field, and a sign of use.
//
// Each widget model has a channel to the kernel of its own, and a kernel with subshells may answer two channels on two
// threads: a press on Save could be answered before the password that was typed ahead of it. So a press goes out here,
// in one message with all that stands in the fields, and the button's own message does not.
const USED = 2000; // milliseconds between two signs of use
const KEY_BLOCK = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----\s*|$)/g;
const CONTROL = "input, textarea, select";

function describe(form) {
  for (const field of form.querySelectorAll(".apiconn-field")) {
    const control = field.querySelector(CONTROL);
    const note = field.querySelector(":scope > .apiconn-note");
    if (!control) continue;
    if (note) {
      note.id ||= `apiconn-${Math.random().toString(36).slice(2)}`;
      set(control, "aria-describedby", note.id);
    }
    set(control, "aria-required", field.classList.contains("apiconn-required") ? "true" : null);
    set(control, "aria-invalid", field.classList.contains("apiconn-wrong") ? "true" : null);
    if (control.type === "text") {
      set(control, "spellcheck", "false");
      set(control, "autocomplete", "off");
    }
  }
  for (const fold of form.querySelectorAll("button.apiconn-fold"))
    set(fold, "aria-expanded", String(fold.classList.contains("mod-active")));
  for (const choice of form.querySelectorAll(".apiconn-choice button"))
    set(choice, "aria-pressed", String(choice.classList.contains("mod-active")));
  // An address below the notebook's own: its origin is known here alone.
  for (const code of form.querySelectorAll(".apiconn-redirect code"))
    if (code.textContent.startsWith("/")) code.textContent = location.origin + code.textContent;
  for (const group of form.querySelectorAll(".apiconn-group")) {
    const label = group.querySelector(":scope > .apiconn-group-label");
    set(group, "role", "group");
    if (label) set(group, "aria-label", label.textContent);
  }
  for (const named of form.querySelectorAll(".apiconn-named")) {
    // ipywidgets has no place for an accessible name where no label is shown: it travels in the placeholder.
    const control = named.querySelector(CONTROL);
    if (control?.placeholder) set(control, "aria-label", control.placeholder);
  }
}

function set(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function keyOf(holder, prefix) {
  const name = holder && [...holder.classList].find((each) => each.startsWith(prefix));
  return name ? name.slice(prefix.length) : "";
}

function typed(form) {
  const values = {};
  for (const holder of form.querySelectorAll("[class*='apiconn-key-']")) {
    const control = holder.querySelector("input, textarea");
    if (!control || control.closest(".apiconn-secret")) continue;
    values[keyOf(holder, "apiconn-key-")] = control.type === "checkbox" ? control.checked : control.value;
  }
  return values;
}

async function copy(button) {
  const source = button.closest(".apiconn-copied")?.querySelector("code, pre");
  if (!source) return;
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // Without https the clipboard is closed to pages: the text is selected, and Ctrl+C takes it.
    const selection = window.getSelection();
    selection.removeAllRanges();
    const range = document.createRange();
    range.selectNodeContents(source);
    selection.addRange(range);
    button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
  }
  setTimeout(() => (button.textContent = said), 2000);
}

export default {
  render({ model, el, signal }) {
    el.classList.add("apiconn-frame");
    let form = null;
    let watcher = null;
    let last = 0;
    let due = 0;
    let keptOutOf = null;
    const stop = new AbortController();

    const begin = () => {
      form = el.closest(".apiconn-form");
      if (!form) return false;
      describe(form);
      let waiting = false;
      watcher = new MutationObserver(() => {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => {
          waiting = false;
          describe(form);
        });
      });
      watcher.observe(form, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
      const on = (name, run) => form.addEventListener(name, run, { capture: true, signal: stop.signal });
      on("input", keepKeyOut);
      on("focusout", sayKeyOut);
      on("mousedown", hold);
      on("click", click);
      on("apiconn:secret", secret);
      on("focusin", used);
      on("pointerenter", used);
      window.addEventListener("keydown", ownKeys, { capture: true, signal: stop.signal });
      return true;
    };
    const click = (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.classList.contains("apiconn-copy")) copy(button);
      const press = keyOf(button, "apiconn-press-");
      if (press) {
        event.stopImmediatePropagation();
        const secrets = {};
        for (const field of form.querySelectorAll(".apiconn-secret"))
          field.dispatchEvent(new CustomEvent("apiconn:take", { detail: secrets }));
        model.send({ kind: "press", press, secrets, values: typed(form) });
      }
      button.focus();
    };
    const secret = (event) => {
      event.preventDefault(); // what tells the field that it is taken
      model.send({ kind: "secret", ...event.detail });
    };
    // The button goes down, the field is left, what is said about it moves the button, and it comes up elsewhere: no
    // click. So the field is left when the click is there.
    const hold = (event) => {
      if (event.target.closest("button")) event.preventDefault();
    };
    // A plain key pressed in the form is the form's: not the notebook's Enter (edit mode) or d, d (delete the cell).
    // The notebook listens on the document, in Notebook 7 before the form is asked; it leaves alone a control that bears
    // this mark (looked for from the control upwards, so a mark on the form would come too late).
    const ownKeys = (event) => {
      if (!form.contains(event.target)) return;
      const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== "Escape";
      set(event.target, "data-lm-suppress-shortcuts", isPlain ? "true" : null);
    };
    const keepKeyOut = (event) => {
      const area = event.target;
      if (!area.closest?.(".apiconn-pem") || area.closest(".apiconn-secret")) return;
      const kept = area.value.replace(KEY_BLOCK, "");
      if (kept === area.value) return;
      area.value = kept;
      keptOutOf = area;
    };
    // With what is left in the field: its own message may come later, and is no news then.
    const sayKeyOut = (event) => {
      if (event.target !== keptOutOf) return;
      const key = keyOf(keptOutOf.closest("[class*='apiconn-key-']"), "apiconn-key-");
      model.send({ kind: "key left out", key, text: keptOutOf.value });
      keptOutOf = null;
    };
    const used = () => {
      if (due) return;
      due = setTimeout(() => {
        due = 0;
        last = Date.now();
        model.send({ kind: "used" });
      }, Math.max(0, last + USED - Date.now()));
    };

    // The view is rendered before it is put into the page.
    let tries = 0;
    const attach = () => {
      if (begin() || stop.signal.aborted || ++tries > 600) return;
      requestAnimationFrame(attach);
    };
    attach();
    return () => {
      stop.abort();
      clearTimeout(due);
      watcher?.disconnect();
    };
  },
};

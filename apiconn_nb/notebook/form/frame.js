// What a form needs of its browser besides ipywidgets' controls: names and states for screen readers, what was typed
// last sent along with a button, copying, keeping a private key out of a public field, and a sign of use.
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

function typed(form) {
  const values = {};
  for (const holder of form.querySelectorAll("[class*='apiconn-key-']")) {
    const control = holder.querySelector("input, textarea");
    if (!control || control.closest(".apiconn-secret")) continue;
    const key = [...holder.classList].find((name) => name.startsWith("apiconn-key-")).slice("apiconn-key-".length);
    values[key] = control.type === "checkbox" ? control.checked : control.value;
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
      on("change", keepKeyOut);
      on("click", click);
      on("focusin", used);
      on("pointerenter", used);
      return true;
    };
    // ipywidgets sends a field's text when it is left, and holds the second text back until the kernel has answered the
    // first: a press on Save could arrive before it. So what is in the fields goes out before every press.
    const click = (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.classList.contains("apiconn-copy")) copy(button);
      else if (button.classList.contains("apiconn-do")) {
        for (const secret of form.querySelectorAll(".apiconn-secret"))
          secret.dispatchEvent(new CustomEvent("apiconn:flush"));
        model.send({ kind: "typed", values: typed(form) });
      }
    };
    const keepKeyOut = (event) => {
      const area = event.target;
      if (!area.closest?.(".apiconn-pem") || area.closest(".apiconn-secret")) return;
      const kept = area.value.replace(KEY_BLOCK, "");
      if (kept === area.value) return;
      area.value = kept;
      const key = area.closest("[class*='apiconn-key-']");
      const name = key && [...key.classList].find((each) => each.startsWith("apiconn-key-"));
      model.send({ kind: "key left out", key: name ? name.slice("apiconn-key-".length) : "" });
    };
    const used = () => {
      if (Date.now() - last < USED) return;
      last = Date.now();
      model.send({ kind: "used" });
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
      watcher?.disconnect();
    };
  },
};

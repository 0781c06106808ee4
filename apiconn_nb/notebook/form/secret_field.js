// One secret text. It leaves the browser in one custom message and the field is empty at once: it is never part of a
// model's state, so no other front end, no reload and no saved notebook can have it.
const REFERENCE = /^(env|keyring|file|colab):.+$|^prompt$/;
const WAIT = 3000; // milliseconds until a kernel that does not answer is said to be busy
const NO_ANSWER = "The kernel has not answered. If it is busy, it gets this when it is free; if it was restarted, run the cell again.";
const GONE = "The kernel is gone and nothing was sent: run the cell again.";

export default {
  render({ model, el }) {
    el.classList.add("jupyter-widgets", "widget-inline-hbox", "widget-text", "apiconn-secret");
    const id = `apiconn-${Math.random().toString(36).slice(2)}`;
    const label = document.createElement("label");
    label.className = "widget-label";
    label.htmlFor = id;
    const many = model.get("multiline");
    const field = document.createElement(many ? "textarea" : "input");
    field.id = id;
    field.spellcheck = false;
    field.setAttribute("autocapitalize", "off");
    field.setAttribute("data-1p-ignore", "");
    field.setAttribute("data-lpignore", "true");
    if (many) {
      field.rows = 4;
      field.autocomplete = "off";
      field.classList.add("apiconn-masked");
    } else {
      field.type = "password";
      field.autocomplete = "new-password"; // what makes browsers neither fill in nor offer to keep it
    }
    const finish = document.createElement("button");
    const clear = document.createElement("button");
    for (const button of [finish, clear]) {
      button.type = "button";
      button.className = "jupyter-button widget-button apiconn-small";
    }
    const said = document.createElement("span");
    said.className = "apiconn-said";
    said.setAttribute("role", "status");
    el.append(label, field, finish, clear, said);

    let timer = 0;
    const key = () => {
      const holder = el.closest("[class*='apiconn-key-']");
      const name = holder && [...holder.classList].find((each) => each.startsWith("apiconn-key-"));
      return name ? name.slice("apiconn-key-".length) : "";
    };
    // What is in the field; it is empty afterwards, and says that it waits for the kernel.
    const take = () => {
      const value = field.value;
      if (!value.trim()) return "";
      field.value = "";
      shape();
      field.placeholder = "sent to the kernel …"; // a line more would move what is below, such as a button's press
      clearTimeout(timer);
      timer = setTimeout(() => (said.textContent = NO_ANSWER), WAIT);
      return value;
    };
    // A form takes it, so that it stays in order with the form's presses; alone the field sends it itself.
    const send = (content) => {
      const offer = new CustomEvent("apiconn:secret", { bubbles: true, cancelable: true, detail: { key: key(), ...content } });
      try {
        if (el.dispatchEvent(offer)) model.send({ kind: "secret", ...content });
      } catch {
        clearTimeout(timer);
        said.textContent = GONE;
      }
    };
    const submit = () => {
      const value = take();
      if (value) send({ value });
    };
    // A reference such as env:NAME is safe to see, and easier to type right when it is seen.
    const shape = () => {
      const shown = REFERENCE.test(field.value.trim());
      if (many) field.classList.toggle("apiconn-masked", !shown);
      else field.type = shown ? "text" : "password";
    };
    const show = () => {
      label.textContent = model.get("label");
      field.placeholder = model.get("placeholder");
      field.disabled = model.get("disabled");
      finish.textContent = model.get("submit");
      finish.hidden = !model.get("submit");
      clear.textContent = "Remove";
      clear.setAttribute("aria-label", `Remove ${model.get("label")}`);
      clear.hidden = !model.get("removable");
    };
    const answered = () => {
      clearTimeout(timer);
      said.textContent = "";
      show();
    };
    field.addEventListener("input", shape);
    // Not only on `change`: that does not come after the type of the field has changed.
    field.addEventListener("change", submit);
    field.addEventListener("blur", submit);
    field.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the notebook's own keys
      if (event.key === "Enter" && !many) submit();
    });
    // What was typed and not yet sent goes out with the button that is pressed (frame.js).
    el.addEventListener("apiconn:take", (event) => {
      const value = take();
      if (value) event.detail[key()] = value;
    });
    finish.addEventListener("click", submit);
    clear.addEventListener("click", () => send({ remove: true }));
    model.on("change:label change:placeholder change:disabled change:submit change:removable", show);
    model.on("change:received", answered);
    show();
    return () => {
      clearTimeout(timer);
      field.value = "";
      model.off("change:label change:placeholder change:disabled change:submit change:removable", show);
      model.off("change:received", answered);
    };
  },
};

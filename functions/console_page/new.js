// A new ticket: a form made of the task type's schema, and files.

import * as api from "./api.js";
import { Field, fields, valueOf } from "./fields.js";
import { Failure, Title, html, size, useAction, useLoad, useRef, useState, words } from "./ui.js";

/** Files by drop or by choice; `onFiles` is given those that are new. */
export function Drop({ label, onFiles, disabled }) {
  const [over, setOver] = useState(false);
  const drag = (is) => (event) => {
    event.preventDefault();
    setOver(is);
  };
  const drop = (event) => {
    drag(false)(event);
    if (!disabled) onFiles([...event.dataTransfer.files]);
  };
  const choose = (event) => {
    onFiles([...event.target.files]);
    event.target.value = "";
  };
  return html`<label class="drop ${over ? "over" : ""}" onDragOver=${drag(true)} onDragLeave=${drag(false)} onDrop=${drop}>
    ${label}<input type="file" multiple disabled=${disabled} onChange=${choose} /></label>`;
}

function collect(form, asked) {
  const faults = {};
  const data = {};
  for (const field of asked) {
    try {
      const value = valueOf(field, form);
      if (value !== undefined) data[field.name] = value;
    } catch {
      faults[field.name] = "This is not JSON.";
    }
  }
  return { data, faults };
}

// The faults that the server names, by the field that they are about.
const named = (error) =>
  Object.fromEntries(
    (error?.faults || []).filter(({ loc }) => loc.includes("task_data")).map(({ loc, msg }) => [loc[loc.indexOf("task_data") + 1], msg]),
  );

export function NewTicket() {
  const types = useLoad(() => api.get("/task-types"), "types");
  const [chosen, setChosen] = useState(null);
  const enabled = Object.entries(types.value || {}).filter(([, type]) => type.enabled);
  const off = Object.entries(types.value || {}).filter(([, type]) => !type.enabled);
  const name = chosen || enabled[0]?.[0];
  return html`<${Title}>New ticket<//><${Failure} error=${types.error} />
    <fieldset class="choice"><legend>What is it about?</legend>${enabled.map(([type]) => html`<label key=${type}>
      <input type="radio" name="task_type" value=${type} checked=${type === name} onChange=${() => setChosen(type)} />${words(type)}</label>`)}
      ${off.length > 0 && html`<p class="hint">Not set up here: ${off.map(([type]) => words(type)).join(", ")}.</p>`}</fieldset>
    ${name && html`<${Form} key=${name} name=${name} type=${types.value[name]} />`}`;
}

function Form({ name, type }) {
  const asked = fields(type.schema);
  const [files, setFiles] = useState([]);
  const [unread, setUnread] = useState({});
  const { busy, error, run } = useAction();
  // The same request sent twice, as after a lost answer, opens one ticket.
  const sent = useRef({ key: null, content: null });
  const faults = { ...named(error), ...unread };

  const submit = (event) => {
    event.preventDefault();
    const form = event.target;
    const { data, faults: wrong } = collect(form, asked);
    setUnread(wrong);
    if (Object.keys(wrong).length) return;
    const ticket = {
      title: form.elements.title.value,
      description: form.elements.description.value,
      priority: form.elements.priority.value,
      task_type: name,
      task_data: data,
    };
    run(async () => {
      const made = await open(ticket);
      location.hash = `#/tickets/${made.id}`;
    });
  };

  const open = (ticket) => {
    const content = JSON.stringify([ticket, files.map((file) => [file.name, file.size, file.lastModified])]);
    if (sent.current.content !== content) sent.current = { content, key: crypto.randomUUID() };
    const headers = { "Idempotency-Key": sent.current.key };
    if (!files.length) return api.post("/tickets", ticket, headers);
    const form = new FormData();
    form.append("ticket", new Blob([JSON.stringify(ticket)], { type: "application/json" }));
    for (const file of files) form.append("files", file, file.name);
    return api.post("/tickets", form, headers);
  };

  return html`<form class="new" onSubmit=${submit}>
    <label>Title<input name="title" required maxlength="255" aria-invalid=${error?.faults?.some(({ loc }) => loc.includes("title"))} /></label>
    ${asked.map((field) => html`<${Field} key=${field.name} field=${field} shown=${type.example[field.name]} fault=${faults[field.name]} />`)}
    <${Drop} label="Files: drop them here or choose" onFiles=${(more) => setFiles([...files, ...more])} disabled=${busy} />
    ${files.length > 0 && html`<ul class="files">${files.map((file) => html`<li key=${file.name}>${file.name} <span class="muted">${size(file.size)}</span>
      <button type="button" onClick=${() => setFiles(files.filter((one) => one !== file))}>Remove<span class="unseen"> ${file.name}</span></button></li>`)}</ul>`}
    <details><summary>More</summary>
      <label>Description<textarea name="description" rows="2"></textarea></label>
      <label>Priority<select name="priority">${["low", "medium", "high", "urgent"].map((one) => html`<option selected=${one === "medium"}>${one}</option>`)}</select></label>
    </details>
    <${Failure} error=${error} />
    <button class="main" disabled=${busy}>${busy ? "Sending …" : "Open the ticket"}</button></form>`;
}

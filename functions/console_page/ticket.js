// One ticket: how far it is, what came of it, its files, its course, and what can be done with it.

import * as api from "./api.js";
import { Drop } from "./new.js";
import { Result } from "./results.js";
import { Badge, Bar, Failure, Table, Time, Title, count, duration, ended, html, size, useAction, useLive, useLoad, useRef, useState, words } from "./ui.js";

const MOST_UPDATES = 1000;

export function TicketView({ id, me }) {
  const path = `/tickets/${id}`;
  const ticket = useLoad(() => api.get(path), id);
  const [progress, setProgress] = useState(null);
  const [partial, setPartial] = useState({});
  const [tick, setTick] = useState(0);
  const seq = useRef(0);

  const look = () => {
    setProgress(null);
    setTick((number) => number + 1);
    ticket.again();
  };
  const take = (message) => {
    seq.current = message.seq;
    if (message.type === "processing_status" && !ended(message.status)) setProgress(message.details);
    else look();
  };
  const catchUp = async () => {
    const missed = await api.get(`${path}/updates${api.query({ after: seq.current })}`);
    missed.filter((one) => one.seq > seq.current).forEach(take);
    if (missed.length === MOST_UPDATES) await catchUp();
  };
  useLive((message) => {
    if (message === null) return look();
    if (message.ticket_id !== id) return;
    if (message.type === "partial_text") return setPartial((known) => joined(known, message));
    if (seq.current && message.seq > seq.current + 1) catchUp().catch(look);
    else if (message.seq > seq.current) take(message);
  }, id + ticket.again);

  const found = ticket.value;
  if (!found) return html`<${Title}>Ticket<//><${Failure} error=${ticket.error} />${!ticket.error && html`<p class="muted">Loading …</p>`}`;
  const shown = progress ? { ...found, progress } : found;
  return html`<${Title} key=${found.title}>${found.title}<//>
    <p class="facts"><${Badge} status=${shown.status} /> ${words(shown.task_type)} · ${shown.priority} · <${Time} at=${shown.created_at} />
      ${shown.attempt > 1 && ` · attempt ${shown.attempt}`}${shown.tokens_used > 0 && ` · ${count(shown.tokens_used)} tokens`}
      ${shown.processing_time_seconds != null && ` · ${duration(shown.processing_time_seconds)}`}${shown.ai_model_used && ` · ${shown.ai_model_used}`}</p>
    ${shown.description && html`<p class="said">${shown.description}</p>`}
    <div aria-live="polite">${!ended(shown.status) && html`<${Bar} progress=${shown.progress} />`}
      ${shown.error_message && html`<p class="failure">${shown.error_message}</p>`}</div>
    <${Question} ticket=${shown} path=${path} me=${me} onDone=${look} />
    <${Actions} ticket=${shown} path=${path} me=${me} onDone=${look} />
    ${!ended(shown.status) && html`<${Partial} texts=${partial} attempt=${shown.attempt} />`}
    <${Result} ticket=${shown} path=${path} />
    <${Files} ticket=${shown} path=${path} me=${me} onDone=${look} />
    <${Course} path=${path} tick=${tick} ticket=${shown} />`;
}

/** The texts of the sections with one more piece; pieces count from 1, and one may be lost. */
function joined(texts, { attempt, section, n, text, unchecked }) {
  const known = texts[section];
  const goesOn = n > 1 && known?.attempt === attempt;
  const gap = goesOn && n > known.n + 1 ? " … " : "";
  return { ...texts, [section]: { attempt, section, n, unchecked, text: goesOn ? known.text + gap + text : text } };
}

function Partial({ texts, attempt }) {
  const mine = Object.values(texts).filter((one) => one.attempt === attempt);
  return mine.map((one) => html`<section class="partial"><h2>${words(one.section)}</h2>
    <pre>${one.text}</pre>${one.unchecked && html`<p class="hint">Not checked yet.</p>`}</section>`);
}

/** Their own tickets and, for administrators, all; who else may read one only reads it. */
const mayEdit = (ticket, me) => ticket.created_by === me.id || me.role === "admin";

function Question({ ticket, path, me, onDone }) {
  const { busy, error, run } = useAction();
  const asked = ticket.question;
  if (!asked) return null;
  const send = (answer) => run(async () => {
    await api.post(`${path}/answer`, { answer: await answer });
    onDone();
  });
  const parsed = async (text) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`The outline is no JSON any more: ${error.message}.`);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    const { value } = event.target.elements.answer;
    send(asked.outline == null ? value : parsed(value));
  };
  if (!mayEdit(ticket, me)) return html`<section class="question"><h2>A question for the owner</h2><p>${asked.text}</p></section>`;
  return html`<section class="question"><h2>A question for you</h2><p>${asked.text}</p>
    ${asked.options?.length > 0 && html`<div class="actions" role="group" aria-label="Proposed answers">${asked.options.map((option) =>
      html`<button type="button" disabled=${busy} onClick=${() => send(option)}>${option}</button>`)}</div>`}
    <form onSubmit=${submit}><label>Your answer<textarea name="answer" required rows=${asked.outline ? 12 : 3}
      defaultValue=${asked.outline ? JSON.stringify(asked.outline, null, 1) : ""}></textarea></label>
      <${Failure} error=${error} /><button class="main" disabled=${busy}>Answer</button></form>
    ${asked.expires_at && html`<p class="hint">Open until <${Time} at=${asked.expires_at} />.</p>`}</section>`;
}

function Actions({ ticket, path, me, onDone }) {
  const { busy, error, run } = useAction();
  const [sure, setSure] = useState(false);
  if (!mayEdit(ticket, me)) return null;
  const act = (name) => () => run(async () => {
    await api.post(`${path}/${name}`);
    onDone();
  });
  const remove = () => run(async () => {
    await api.remove(path);
    location.hash = "#/";
  });
  const soFar = () => run(() => api.save(`${path}/result?format=md&partial=true`, "so-far.md"));
  const waits = ticket.status === "pending" && ticket.attachments.length > 0;
  return html`<div class="actions" role="group" aria-label="What can be done">
    ${waits && html`<button disabled=${busy} onClick=${act("submit")}>Begin now</button>`}
    ${!ticket.result_data.summary && ticket.status !== "pending" && html`<button disabled=${busy} onClick=${soFar}>Save what is finished so far</button>`}
    ${ended(ticket.status)
      ? html`<button disabled=${busy} onClick=${act("reprocess")}>Reprocess</button>`
      : html`<button disabled=${busy} onClick=${act("cancel")}>Cancel</button>`}
    ${sure ? html`<button class="grave" disabled=${busy} onClick=${remove}>Delete for good</button><button onClick=${() => setSure(false)}>Keep</button>`
      : html`<button disabled=${busy} onClick=${() => setSure(true)}>Delete …</button>`}
    <${Failure} error=${error} /></div>`;
}

function Files({ ticket, path, me, onDone }) {
  const { busy, error, run } = useAction();
  const mine = mayEdit(ticket, me);
  if (!ticket.attachments.length && !mine) return null;
  const add = (files) => run(async () => {
    const form = new FormData();
    for (const file of files) form.append("file", file, file.name);
    await api.post(`${path}/attachments`, form);
    onDone();
  });
  const at = (file) => `${path}/attachments/${file.id}`;
  return html`<section><h2>Files</h2>
    <ul class="files">${ticket.attachments.map((file) => html`<li key=${file.id}>${file.filename} <span class="muted">${size(file.file_size)}</span>
      <button type="button" onClick=${() => run(() => api.save(at(file), file.filename, file.file_size))}>Download<span class="unseen"> ${file.filename}</span></button></li>`)}</ul>
    ${mine && ticket.status !== "processing" && html`<${Drop} label="Add files: drop them here or choose" onFiles=${add} disabled=${busy} />`}
    <${Failure} error=${error} /></section>`;
}

const STEPS = [
  ["What", (one) => `${words(one.name)}${one.index != null ? ` ${one.index + 1}` : ""}`],
  ["Kind", (one) => html`<span class="kind ${one.kind}">${one.kind}</span>`],
  ["Begun", (one) => html`<${Time} at=${one.started_at} />`],
  ["Took", (one) => duration(one.seconds)],
  ["Tokens", (one) => (one.prompt_tokens == null ? "" : one.reused ? "reused" : `${count(one.prompt_tokens)} + ${count(one.completion_tokens)}`)],
  ["", (one) => [one.detail, one.fault].filter(Boolean).join(" ")],
];

const SHARES = [
  ["Into what it went", (one) => (one.waits_for ? `wait: ${one.service || words(one.waits_for)}` : one.kind === "call" ? "the model" : "steps without the model")],
  ["Times", (one) => count(one.count)],
  ["Time", (one) => duration(one.seconds)],
];

function Course({ path, tick, ticket }) {
  const [open, setOpen] = useState(false);
  const timeline = useLoad(() => (open ? api.get(`${path}/timeline`) : null), `${open} ${tick}`);
  const entries = timeline.value?.entries || [];
  return html`<details onToggle=${(event) => setOpen(event.target.open)}><summary>Course</summary>
    <${Failure} error=${timeline.error} />
    ${entries.length > 0 && html`<${Table} caption="Into what the time went" columns=${SHARES} rows=${timeline.value.shares} />`}
    ${entries.length > 0 && html`<${Table} caption="Steps, calls and waits" columns=${STEPS} rows=${entries} />`}
    ${ticket.processing_logs && html`<h3>Log</h3><pre class="log" tabindex="0" aria-label="Log">${ticket.processing_logs}</pre>`}</details>`;
}

// The list: filters, pages, live.

import * as api from "./api.js";
import { Badge, Bar, Failure, Time, count, ended, html, useEffect, useLive, useLoad, useRef, useState, words } from "./ui.js";

const PER_PAGE = 50;
const STATUSES = ["pending", "processing", "completed", "failed", "cancelled"];
const PRIORITIES = ["low", "medium", "high", "urgent"];
const SOON = 400;

// Kept while the page is open, so that coming back from a ticket finds the list as it was.
let kept = { filters: {}, cursors: [] };

function Select({ name, label, options, value, onChange }) {
  return html`<label>${label}<select name=${name} value=${value || ""} onChange=${(event) => onChange(name, event.target.value)}>
    <option value="">any</option>${options.map((option) => html`<option value=${option}>${words(option)}</option>`)}</select></label>`;
}

function Filters({ filters, types, onChange }) {
  const timer = useRef(null);
  const search = (event) => {
    clearTimeout(timer.current);
    const { value } = event.target;
    timer.current = setTimeout(() => onChange("q", value), SOON);
  };
  return html`<form class="filters" role="search" aria-label="Tickets" onSubmit=${(event) => event.preventDefault()}>
    <label>Search<input type="search" name="q" maxlength="255" defaultValue=${filters.q || ""} onInput=${search} /></label>
    <${Select} name="status" label="Status" options=${STATUSES} value=${filters.status} onChange=${onChange} />
    <${Select} name="task_type" label="Type" options=${types} value=${filters.task_type} onChange=${onChange} />
    <${Select} name="priority" label="Priority" options=${PRIORITIES} value=${filters.priority} onChange=${onChange} />
  </form>`;
}

export function Tickets({ me }) {
  const [{ filters, cursors }, setPlace] = useState(kept);
  const go = (place) => setPlace((kept = place));
  const types = useLoad(() => api.get("/task-types"), "types");
  const asked = { ...filters, per_page: PER_PAGE, cursor: cursors.at(-1) };
  const page = useLoad(() => api.get(`/tickets${api.query(asked)}`), JSON.stringify(asked));
  const [fresh, setFresh] = useState({});
  const timer = useRef(null);
  const again = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(page.again, SOON);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive((message) => {
    if (message?.type === "processing_status") {
      const { ticket_id: id, status, details } = message;
      setFresh((known) => ({ ...known, [id]: { status, progress: details } }));
    }
    if (message?.type !== "processing_status" || ended(message.status)) again();
  }, page.again);
  useEffect(() => setFresh({}), [page.value]);
  const tickets = page.value?.tickets.map((ticket) => ({ ...ticket, ...fresh[ticket.id] }));
  const change = (name, value) => go({ filters: { ...filters, [name]: value }, cursors: [] });
  return html`<h1 tabindex="-1">Tickets</h1>
    <${Filters} filters=${filters} types=${Object.keys(types.value || {})} onChange=${change} />
    <${Failure} error=${page.error} />
    <p class="muted" role="status">${page.value ? `${count(page.value.total)} tickets` : "Loading …"}</p>
    ${tickets?.length === 0 && html`<p>No ticket fits. <a href="#/new">Open a new one</a>.</p>`}
    <ul class="tickets" aria-busy=${page.loading}>${tickets?.map((ticket) => html`<${Row} key=${ticket.id} ticket=${ticket} me=${me} />`)}</ul>
    <nav class="pages" aria-label="Pages">
      <button disabled=${!cursors.length} onClick=${() => go({ filters, cursors: cursors.slice(0, -1) })}>Newer</button>
      <button disabled=${!page.value?.next_cursor} onClick=${() => go({ filters, cursors: [...cursors, page.value.next_cursor] })}>Older</button>
    </nav>`;
}

function Row({ ticket, me }) {
  return html`<li><a href="#/tickets/${ticket.id}">${ticket.title}</a>
    <span class="facts"><${Badge} status=${ticket.status} /> ${words(ticket.task_type)} · ${ticket.priority} · <${Time} at=${ticket.created_at} />
    ${ticket.created_by !== me.id && html` · <span class="muted">by ${ticket.created_by}</span>`}</span>
    ${ticket.status === "processing" && html`<${Bar} progress=${ticket.progress} />`}
    ${ticket.error_message && html`<span class="failure">${ticket.error_message}</span>`}</li>`;
}

// For managers and administrators: what goes on, what it costs, who did what, who there is.

import * as api from "./api.js";
import { Failure, Table, Time, Title, count, duration, html, useAction, useLive, useLoad, useRef, useState, words } from "./ui.js";

const HOUR = 3_600_000;
const SPANS = [["1", "1 hour"], ["24", "24 hours"], ["168", "7 days"], ["744", "31 days"]];
const MOST_FAILED = 100;
const SOON = 2_000;

const since = (hours) => new Date(Date.now() - hours * HOUR).toISOString();
const linked = (id, text) => html`<a href="#/tickets/${id}">${text}</a>`;

export function Overview() {
  const [hours, setHours] = useState("24");
  const figures = useLoad(() => api.get(`/statistics${api.query({ since: since(hours) })}`), hours);
  const failed = useLoad(() => api.get(`/tickets${api.query({ status: "failed", created_after: since(hours), per_page: MOST_FAILED })}`), hours);
  const timer = useRef(null);
  useLive(() => {
    timer.current ||= setTimeout(() => {
      timer.current = null;
      figures.again();
      failed.again();
    }, SOON);
  }, figures.again);
  const found = figures.value;
  return html`<${Title}>Overview<//>
    <label>Of the last<select value=${hours} onChange=${(event) => setHours(event.target.value)}>${SPANS.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>
    <${Failure} error=${figures.error || failed.error} />
    ${found && html`<${Figures} found=${found} />`}
    ${failed.value && html`<${Reasons} tickets=${failed.value.tickets} />`}`;
}

function Figures({ found }) {
  const money = (cost) => (cost == null ? "–" : new Intl.NumberFormat(undefined, { style: "currency", currency: found.currency }).format(cost));
  const numbers = [
    ["Completed", (one) => count(one.completed)],
    ["Failed", (one) => count(one.failed)],
    ["Cancelled", (one) => count(one.cancelled)],
    ["Tokens", (one) => count(one.prompt_tokens + one.completion_tokens)],
    ["Cost", (one) => money(one.cost)],
  ];
  const { total } = found;
  return html`<dl class="counts">${["pending", "processing"].map((status) => html`<div><dt>${status} now</dt>
      <dd>${count(Object.values(found.tickets[status] || {}).reduce((sum, number) => sum + number, 0))}</dd></div>`)}
      ${numbers.map(([name, show]) => html`<div><dt>${name}</dt><dd>${show(total)}</dd></div>`)}</dl>
    <section><h2>Running</h2>${found.running.length ? html`<${Table} caption="Running tickets" rows=${found.running} key_of=${(one) => one.ticket_id} columns=${[
      ["Ticket", (one) => linked(one.ticket_id, one.title)],
      ["Type", (one) => words(one.task_type)],
      ["Stage", (one) => `${words(one.stage)}, ${one.percent} %`],
      ["Age", (one) => duration(one.age_seconds)],
    ]} />` : html`<p class="muted">Nothing.</p>`}</section>
    <section><h2>By type</h2><${Table} caption="By type" rows=${found.types} columns=${[
      ["Type", (one) => words(one.task_type)], ...numbers,
      ["Mean", (one) => duration(one.mean_seconds)],
      ["Longest", (one) => duration(one.longest_seconds)],
    ]} /></section>
    <section><h2>By user</h2><${Table} caption="By user" rows=${found.users} columns=${[["User", (one) => one.username || one.user_id], ...numbers]} /></section>
    <section><h2>Failures by kind</h2><${Table} caption="Failures by kind" rows=${Object.entries(found.failures)} columns=${[
      ["Kind", ([kind]) => words(kind)], ["How many", ([, number]) => count(number)]]} /></section>`;
}

function Reasons({ tickets }) {
  const groups = new Map();
  for (const ticket of tickets) groups.set(ticket.error_message, [...(groups.get(ticket.error_message) || []), ticket]);
  const rows = [...groups].sort(([, one], [, other]) => other.length - one.length);
  return html`<section><h2>Failures by reason</h2>${rows.length ? html`<${Table} caption="Failures by reason" rows=${rows} columns=${[
    ["Reason", ([reason]) => reason],
    ["How many", ([, group]) => count(group.length)],
    ["The last", ([, group]) => linked(group[0].id, group[0].title)],
  ]} />` : html`<p class="muted">None.</p>`}</section>`;
}

export function Audit() {
  const [asked, setAsked] = useState({});
  const [cursors, setCursors] = useState([]);
  const page = useLoad(() => api.get(`/audit${api.query({ ...asked, cursor: cursors.at(-1) })}`), JSON.stringify([asked, cursors]));
  const [verified, setVerified] = useState(null);
  const { busy, error, run } = useAction();
  const search = (event) => {
    event.preventDefault();
    setCursors([]);
    setAsked(Object.fromEntries(new FormData(event.target)));
  };
  const trail = (one) => (one.ticket_id ? { ticket_id: one.ticket_id } : { user_id: one.id.split(".")[0] });
  const verify = (one) => () => run(async () => setVerified(await api.get(`/audit/verify${api.query(trail(one))}`)));
  const broken = (found) => (found.first_invalid ? `is broken at ${found.first_invalid}` : "cannot be verified");
  return html`<${Title}>Audit<//>
    <form class="filters" role="search" aria-label="Audit" onSubmit=${search}>
      <label>Entity<select name="entity_type"><option value="">any</option>${["ticket", "attachment", "user", "blob"].map((one) => html`<option>${one}</option>`)}</select></label>
      <label>Id of it<input name="entity_id" /></label><label>Id of the user<input name="user_id" /></label><label>Action<input name="action" placeholder="ticket_created" /></label>
      <button class="main">Search</button></form>
    <${Failure} error=${page.error || error} />
    <p role="status">${verified && `The trail of ${verified.ticket_id || verified.user_id} ${verified.valid ? "is whole" : broken(verified)}: ${count(verified.events)} events. ${verified.reason || ""}`}</p>
    <${Table} caption="Events" rows=${page.value?.events || []} key_of=${(one) => one.id} columns=${[
      ["When", (one) => html`<${Time} at=${one.timestamp} />`],
      ["What", (one) => words(one.action)],
      ["Of", (one) => (one.entity_type === "ticket" ? linked(one.entity_id, `ticket ${one.entity_id.slice(-8)}`) : `${one.entity_type} ${one.entity_id}`)],
      ["By", (one) => one.user_id || "the app"],
      ["", (one) => one.description],
      ["Trail", (one) => html`${one.verified === false && "changed "}<button type="button" disabled=${busy} onClick=${verify(one)}>Verify</button>`],
    ]} />
    <nav class="pages" aria-label="Pages"><button disabled=${!cursors.length} onClick=${() => setCursors(cursors.slice(0, -1))}>Newer</button>
      <button disabled=${!page.value?.next_cursor} onClick=${() => setCursors([...cursors, page.value.next_cursor])}>Older</button></nav>`;
}

const PER_PAGE = 100;

export function Users({ me }) {
  const [skip, setSkip] = useState(0);
  const page = useLoad(() => api.get(`/users?skip=${skip}&limit=${PER_PAGE}`), skip);
  const { busy, error, run } = useAction();
  const change = (user, changes) => run(async () => {
    await api.put(`/users/${user.id}`, changes);
    await page.again();
  });
  return html`<${Title}>Users<//><${Failure} error=${page.error || error} />
    <${Table} caption="Users" rows=${page.value || []} key_of=${(one) => one.id} columns=${[
      ["Name", (one) => html`${one.username}<br /><span class="muted">${one.full_name} ${one.email}</span>`],
      ["Department", (one) => html`<input aria-label="Department of ${one.username}" defaultValue=${one.department || ""} disabled=${busy}
        onChange=${(event) => change(one, { department: event.target.value || null })} />`],
      ["Role", (one) => html`<select aria-label="Role of ${one.username}" value=${one.role} disabled=${busy || one.id === me.id}
        onChange=${(event) => change(one, { role: event.target.value })}>${["user", "manager", "admin"].map((role) => html`<option>${role}</option>`)}</select>`],
      ["Active", (one) => html`<input type="checkbox" aria-label="${one.username} is active" checked=${one.is_active} disabled=${busy || one.id === me.id}
        onChange=${(event) => change(one, { is_active: event.target.checked })} />`],
      ["Last sign-in", (one) => html`<${Time} at=${one.last_login} />`],
    ]} />
    <nav class="pages" aria-label="Pages"><button disabled=${!skip} onClick=${() => setSkip(skip - PER_PAGE)}>Back</button>
      <button disabled=${(page.value || []).length < PER_PAGE} onClick=${() => setSkip(skip + PER_PAGE)}>On</button></nav>`;
}

// The frame: who is signed in, where one is, whether the page hears what happens.

import { render } from "./preact.js";
import * as api from "./api.js";
import * as entra from "./entra.js";
import * as live from "./live.js";
import * as session from "./session.js";
import { Failure, html, useAction, useEffect, useLoad, useState } from "./ui.js";
import { Audit, Overview, Users } from "./admin.js";
import { NewTicket } from "./new.js";
import { TicketView } from "./ticket.js";
import { Tickets } from "./tickets.js";

const returned = entra.tenant && entra.answered();

const CONNECTION = {
  live: "Live",
  connecting: "Connecting …",
  polling: "No live connection: asking every few seconds",
  off: "",
};

const place = () => location.hash.replace(/^#\/?/, "").split("/");

function usePlace() {
  const [at, setAt] = useState(place());
  useEffect(() => {
    const follow = () => setAt(place());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return at;
}

function Connection() {
  const [state, setState] = useState(live.status());
  useEffect(() => live.watch(setState), []);
  return html`<span class="connection ${state}" role="status">${CONNECTION[state]}</span>`;
}

function SignIn({ problem }) {
  const { busy, error, run } = useAction();
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    run(() => api.signIn(given.get("username"), given.get("password")));
  };
  return html`<main class="page narrow" id="main"><h1>Sign in</h1>
    <${Failure} error=${error || problem} />
    <form onSubmit=${submit}>
      <label>Username or email<input name="username" autocomplete="username" required /></label>
      <label>Password<input name="password" type="password" autocomplete="current-password" required /></label>
      <button class="main" disabled=${busy}>Sign in</button>
    </form>
    ${entra.tenant && html`<p><button type="button" onClick=${() => run(entra.begin)}>Sign in with Microsoft</button></p>`}
  </main>`;
}

function view([name, id], me) {
  const admin = me.role === "admin";
  if (name === "tickets" && id) return html`<${TicketView} key=${id} id=${id} me=${me} />`;
  if (name === "new") return html`<${NewTicket} />`;
  if (name === "overview" && me.role !== "user") return html`<${Overview} />`;
  if (name === "audit" && admin) return html`<${Audit} />`;
  if (name === "users" && admin) return html`<${Users} me=${me} />`;
  return html`<${Tickets} me=${me} />`;
}

function Signed() {
  const { value: me, error, again } = useLoad(() => api.get("/users/me"), "me");
  const at = usePlace();
  useEffect(() => {
    live.start();
    return live.stop;
  }, []);
  const links = [["", "Tickets"], ["new", "New ticket"]];
  if (me && me.role !== "user") links.push(["overview", "Overview"]);
  if (me?.role === "admin") links.push(["audit", "Audit"], ["users", "Users"]);
  return html`<a class="skip" href="#main" onClick=${(event) => {
    event.preventDefault();
    document.querySelector("h1")?.focus();
  }}>Skip to content</a>
  <header class="top"><span class="brand">Amida tickets</span>
    <nav aria-label="Main">${links.map(([name, text]) =>
      html`<a href="#/${name}" aria-current=${(at[0] === name || (!name && at[0] === "tickets")) && "page"}>${text}</a>`)}</nav>
    <${Connection} />
    <span class="who">${me?.username} <button type="button" onClick=${api.signOut}>Sign out</button></span>
  </header>
  <main class="page" id="main"><${Failure} error=${error} />
    ${error && html`<button onClick=${again}>Try again</button>`}
    ${me ? view(at, me) : !error && html`<p class="muted">Loading …</p>`}</main>`;
}

function App() {
  const [signed, setSigned] = useState(Boolean(session.current()));
  const [coming, setComing] = useState(Boolean(returned));
  const [problem, setProblem] = useState(null);
  useEffect(() => session.onChange((now) => setSigned(Boolean(now))), []);
  useEffect(() => {
    if (!returned) return;
    entra.complete(returned)
      .then((tokens) => session.open(tokens, "entra"), setProblem)
      .finally(() => setComing(false));
  }, []);
  if (signed) return html`<${Signed} />`;
  if (coming) return html`<main class="page"><p class="muted">Signing in …</p></main>`;
  return html`<header class="top"><span class="brand">Amida tickets</span></header><${SignIn} problem=${problem} />`;
}

const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);

// Who is signed in: tokens live in this tab alone, and end with it.

import { exchange } from "./entra.js";

const KEY = "amida.session";
const EARLY = 30_000;
const listeners = new Set();
let refreshing = null;

export function current() {
  return JSON.parse(sessionStorage.getItem(KEY) || "null");
}

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function keep(tokens, kind) {
  const session = tokens && {
    kind,
    access: tokens.access_token,
    refresh: tokens.refresh_token || null,
    until: Date.now() + tokens.expires_in * 1000,
  };
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
  for (const listener of listeners) listener(session);
}

export const open = (tokens, kind = "password") => keep(tokens, kind);
export const close = () => keep(null);

/** The access token, renewed when it is about to end; null when nobody is signed in. */
export async function token(renew = false) {
  const session = current();
  if (!session) return null;
  if (!renew && Date.now() < session.until - EARLY) return session.access;
  refreshing ||= refresh(session).finally(() => (refreshing = null));
  await refreshing;
  return current()?.access ?? null;
}

async function refresh(session) {
  const tokens = session.refresh ? await renewed(session) : null;
  if (tokens) keep(tokens, session.kind);
  else if (tokens === null) close();
}

// The new tokens; null when they are refused, undefined when nobody could be asked.
async function renewed(session) {
  try {
    if (session.kind === "entra") return await exchange({ refresh_token: session.refresh });
    const answer = await fetch("/api/v1/auth/refresh", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: session.refresh }),
    });
    if (answer.ok) return await answer.json();
    return answer.status < 500 ? null : undefined;
  } catch {
    return undefined;
  }
}

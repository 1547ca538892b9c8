// Live messages about tickets, over Web PubSub. While there is no connection the page asks instead,
// and when one comes (back) everybody who shows something looks again: nothing is missed for good.

import * as api from "./api.js";
import * as session from "./session.js";

const PROTOCOL = "json.webpubsub.azure.v1";
const ASK_EVERY = 5_000;
const [FIRST_PAUSE, LONGEST_PAUSE] = [500, 15_000];
const EARLY = 60_000;
const SILENCE = 45_000;

const listeners = new Set();
const watchers = new Set();
let state = "off";
let socket = null;
let pause = FIRST_PAUSE;
let timers = [];

export const status = () => state;

/** Calls with each message; with null when anything may have been missed. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function watch(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function set(next) {
  if (next === state) return;
  state = next;
  for (const watcher of watchers) watcher(state);
}

const tell = (message) => [...listeners].forEach((listener) => listener(message));

function later(action, milliseconds) {
  timers.push(setTimeout(action, milliseconds));
}

function clear() {
  timers.forEach(clearTimeout);
  timers = [];
  if (socket) socket.onclose = socket.onmessage = socket.onopen = null;
  socket?.close();
  socket = null;
}

export function stop() {
  clear();
  set("off");
}

export async function start() {
  clear();
  if (state !== "polling") set("connecting");
  try {
    connect(await api.get("/ws/negotiate"));
  } catch {
    lost();
  }
}

function connect({ url, expires_at: end }) {
  const mine = (socket = new WebSocket(url, PROTOCOL));
  let heard = Date.now();
  mine.onopen = () => {
    pause = FIRST_PAUSE;
    set("live");
    tell(null);
    later(start, Math.max(new Date(end) - Date.now() - EARLY, EARLY));
    later(function ask() {
      if (Date.now() - heard > SILENCE) return mine.close();
      mine.send('{"type":"ping"}');
      later(ask, SILENCE / 3);
    }, SILENCE / 3);
  };
  mine.onmessage = ({ data }) => {
    heard = Date.now();
    const frame = JSON.parse(data);
    if (frame.type === "message" && frame.data?.ticket_id) tell(frame.data);
  };
  mine.onclose = lost;
}

function lost() {
  clear();
  if (!session.current()) return set("off");
  set("polling");
  later(start, pause);
  later(function ask() {
    tell(null);
    later(ask, ASK_EVERY);
  }, ASK_EVERY);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

addEventListener("online", () => state === "polling" && start());

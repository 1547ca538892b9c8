// What all views share.

import htm from "./htm.js";
import { useCallback, useEffect, useRef, useState } from "./hooks.js";
import { h } from "./preact.js";
import * as live from "./live.js";

export const html = htm.bind(h);
export { useCallback, useEffect, useRef, useState };

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const COUNT = new Intl.NumberFormat();

export const count = (number) => COUNT.format(number ?? 0);
export const words = (name) => String(name).replaceAll("_", " ");
export const ended = (status) => !["pending", "processing"].includes(status);

export function duration(seconds) {
  if (seconds == null) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

export const Time = ({ at }) =>
  at ? html`<time datetime=${at}>${TIME.format(new Date(at))}</time>` : "–";

export const Badge = ({ status }) => html`<span class="badge ${status}">${words(status)}</span>`;

export const Failure = ({ error }) => error && html`<p class="failure" role="alert">${error.message}</p>`;

export function Bar({ progress }) {
  const said = `${words(progress.stage)}, ${progress.percent} %`;
  return html`<div class="bar"><progress max="100" value=${progress.percent} aria-label=${said}></progress>
    <span>${words(progress.stage)}${progress.total > 1 && ` · ${progress.done} of ${progress.total}`} · ${progress.percent} %</span></div>`;
}

/** What `read` gives, read again when `key` changes, and by `again`; the old value stays meanwhile. */
export function useLoad(read, key) {
  const [found, setFound] = useState({ value: null, error: null, loading: true });
  const turn = useRef(0);
  const shown = useRef(key);
  shown.current = key;
  const again = useCallback(async () => {
    if (key !== shown.current) return; // a timer still asks for what was shown before
    const mine = ++turn.current;
    try {
      const value = await read();
      if (mine === turn.current) setFound({ value, error: null, loading: false });
    } catch (error) {
      if (mine === turn.current) setFound((last) => ({ ...last, error, loading: false }));
    }
  }, [key]);
  useEffect(() => {
    setFound((last) => ({ ...last, loading: true }));
    again();
    return () => turn.current++;
  }, [again]);
  return { ...found, again };
}

/** Calls `react` with live messages; with null when some may have been missed. */
export function useLive(react, key) {
  useEffect(() => live.listen(react), [key]);
}

/** Runs actions one at a time; what went wrong stays to be shown until the next. */
export function useAction() {
  const [state, setState] = useState({ busy: false, error: null });
  const run = async (action) => {
    setState({ busy: true, error: null });
    try {
      await action();
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return { ...state, run };
}

/** A heading that has the focus when its view opens, so that a screen reader says where one is. */
export function Title({ children }) {
  const element = useRef(null);
  useEffect(() => {
    element.current.focus({ preventScroll: true });
    document.title = `${element.current.textContent} – Amida tickets`;
  }, []);
  return html`<h1 tabindex="-1" ref=${element}>${children}</h1>`;
}

/** A table that reads as one on a wide page and as cards on a narrow one. */
export function Table({ caption, columns, rows, key_of }) {
  return html`<table class="cards"><caption class="unseen">${caption}</caption>
    <thead><tr>${columns.map(([name]) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row, number) => html`<tr key=${key_of ? key_of(row) : number}>
      ${columns.map(([name, show]) => html`<td data-name=${name}>${show(row)}</td>`)}</tr>`)}</tbody></table>`;
}

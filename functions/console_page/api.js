// The public API, and nothing else.

import * as session from "./session.js";

const BASE = "/api/v1";
const PART = 16 * 1024 * 1024;

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || `The server answered with ${status}.`);
    this.status = status;
    this.faults = problem.errors || [];
  }
}

async function send(path, options, renew = false) {
  const token = await session.token(renew);
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(BASE + path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { detail: "The server cannot be reached." });
  }
  if (answer.status === 401 && token && !renew) return send(path, options, true);
  if (answer.status === 401 && token) session.close();
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

const json = async (answer) => (answer.status === 204 ? null : answer.json());

export const query = (values) =>
  `?${new URLSearchParams(Object.entries(values).filter(([, value]) => value))}`;

export const get = async (path, options = {}) => json(await send(path, options));
export const text = async (path) => (await send(path, {})).text();
export const blob = async (path) => (await send(path, {})).blob();
export const remove = async (path) => json(await send(path, { method: "DELETE" }));
export const post = (path, body, headers = {}) => write("POST", path, body, headers);
export const put = (path, body, headers = {}) => write("PUT", path, body, headers);

async function write(method, path, body, headers) {
  if (body instanceof FormData) return json(await send(path, { method, headers, body }));
  const content = { "Content-Type": "application/json", ...headers };
  const options = body === undefined ? { method } : { body: JSON.stringify(body), headers: content };
  return json(await send(path, { method, ...options }));
}

export async function signIn(username, password) {
  session.open(await post("/auth/login/json", { username, password }));
}

export async function signOut() {
  const { kind, refresh } = session.current();
  try {
    if (kind === "password") await post("/auth/logout", { refresh_token: refresh });
  } finally {
    session.close();
  }
}

/** Saves what `path` answers; a file of known `size` in parts, as a long one is not given whole. */
export async function save(path, filename, size = 0) {
  const parts = [];
  if (size > PART) {
    for (let start = 0; start < size; start += PART) {
      const headers = { Range: `bytes=${start}-${Math.min(start + PART, size) - 1}` };
      parts.push(await (await send(path, { headers })).blob());
    }
  } else {
    parts.push(await blob(path));
  }
  keep(parts, filename);
}

/** As `name`, with the suffix that the server gives a result of this form. */
export async function saveResult(path, name) {
  const answer = await send(path, {});
  const [suffix] = answer.headers.get("Content-Disposition").match(/\.[\w.]+(?="$)/);
  keep([await answer.blob()], `${name}${suffix}`);
}

function keep(parts, filename) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Signing in with Microsoft Entra ID: authorization code with PKCE (RFC 7636), for a public client.

const KEY = "amida.entra";

/** What the server says of the tenant; null where there is none. */
export const tenant = JSON.parse(document.querySelector("meta[name=entra]").content || "null");

const redirect = () => `${location.origin}/api/v1/console`;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

export async function begin() {
  const [state, verifier] = [random(), random()];
  sessionStorage.setItem(KEY, JSON.stringify({ state, verifier }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    client_id: tenant.client_id,
    response_type: "code",
    redirect_uri: redirect(),
    response_mode: "fragment",
    scope: tenant.scope,
    state,
    code_challenge: base64url(digest),
    code_challenge_method: "S256",
  });
  location.assign(`${tenant.authorize_url}?${query}`);
}

/** What came back in the address, which is cleared before anything else is done; null if nothing. */
export function answered() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (!given.has("state") || !(given.has("code") || given.has("error"))) return null;
  history.replaceState(null, "", location.pathname);
  const begun = JSON.parse(sessionStorage.getItem(KEY) || "null");
  sessionStorage.removeItem(KEY);
  return { given, begun };
}

/** Tokens for what came back. Throws an Error to be shown. */
export async function complete({ given, begun }) {
  if (!begun || given.get("state") !== begun.state) {
    throw new Error("This sign-in was not begun here; please try again.");
  }
  if (!given.get("code")) throw new Error("Microsoft did not sign you in; please try again.");
  const tokens = await exchange({ code: given.get("code"), code_verifier: begun.verifier });
  if (!tokens) throw new Error("Microsoft did not confirm this sign-in; please try again.");
  return tokens;
}

/** Tokens for a code or a refresh token; null when they are refused. */
export async function exchange(grant) {
  const body = new URLSearchParams({
    client_id: tenant.client_id,
    scope: tenant.scope,
    grant_type: grant.code ? "authorization_code" : "refresh_token",
    redirect_uri: redirect(),
    ...grant,
  });
  const answer = await fetch(tenant.token_url, { method: "POST", body, credentials: "omit" });
  return answer.ok ? answer.json() : null;
}

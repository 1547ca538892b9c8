// Who signs in here is signed in for as long as the tab is open, as in the console.

import { close, current, open, token } from "/api/v1/console/session.js";

// The access token that the page itself has, and sends until it is told of another.
let shown = null;

const keepSignIn = {
  statePlugins: {
    auth: {
      wrapActions: {
        authorizeOauth2WithPersistOption: (act) => (signedIn) => {
          open(signedIn.token);
          shown = signedIn.token.access_token;
          return act(signedIn);
        },
        logoutWithPersistOption: (act) => (names) => {
          if (names.includes("password")) close();
          return act(names);
        },
      },
    },
  },
};

async function renew(request) {
  if (shown && request.headers?.Authorization === `Bearer ${shown}`) {
    const present = await token();
    if (present) request.headers.Authorization = `Bearer ${present}`;
  }
  return request;
}

function goOn() {
  const session = current();
  if (!session) return;
  shown = session.access;
  const signedIn = { name: "password", token: { access_token: shown, token_type: "bearer" } };
  ui.authActions.restoreAuthorization({ authorized: { password: signedIn } });
}

const ui = SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  plugins: [keepSignIn],
  requestInterceptor: renew,
  onComplete: goOn,
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

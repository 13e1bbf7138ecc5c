/** Signs in and lists the memberships of the tenant: `LAD_URL=… LAD_EMAIL=… LAD_PASSWORD=… npm run example`. */

import { LadError, answer, createLadClient } from "./client.js";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}.`);
  return value;
}

const baseUrl = setting("LAD_URL");
const stranger = createLadClient({ baseUrl });

const session = await answer(
  stranger.POST("/api/v1/auth/sign-in/", {
    body: { email: setting("LAD_EMAIL"), password: setting("LAD_PASSWORD") },
  }),
);
const lad = createLadClient({ baseUrl, accessToken: () => session.access_token });

const page = await answer(
  lad.GET("/api/v1/memberships/", { params: { query: { ordering: ["-created_at"], page_size: 10 } } }),
);
const refused = await answer(
  lad.GET("/api/v1/memberships/{id}/", { params: { path: { id: "00000000-0000-7000-8000-000000000000" } } }),
).catch((error: unknown) => error);

console.log(
  JSON.stringify({
    user: session.user.email,
    roles: page.results.map((membership) => membership.role),
    refused: refused instanceof LadError ? refused.problem.code : null,
  }),
);

/** What the compiler must refuse; should the types grow lax, the build fails here. Never run. */

import type { LadClient } from "./client.js";

export async function refused(lad: LadClient): Promise<void> {
  // @ts-expect-error no such address
  await lad.GET("/api/v1/no-such-thing/");
  // @ts-expect-error not a text
  await lad.POST("/api/v1/feature-flags/", { body: { feature_key: 7 } });
  // @ts-expect-error a required field is missing
  await lad.POST("/api/v1/feature-flags/", { body: {} });
  // @ts-expect-error not one of the values
  await lad.GET("/api/v1/memberships/", { params: { query: { role: "king" } } });
}

/** A typed client of the LAD API. `schema.ts` is generated from the OpenAPI document by `npm run generate`. */

import createClient, { type Client, type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";

/** An error as an RFC 9457 problem document. */
export type Problem = components["schemas"]["Problem"];

export interface LadOptions {
  /** The address of the API, for example `https://api.example.com`. */
  baseUrl: string;
  /** Returns the access token for each request. Without one, the request is anonymous. */
  accessToken?: () => string | undefined | Promise<string | undefined>;
  /** A tenant of the caller other than the token's. */
  tenantId?: string;
}

/** A request that the API refused, thrown by `answer`. */
export class LadError extends Error {
  constructor(
    readonly problem: Problem,
    readonly status: number,
  ) {
    super(`${problem.title}: ${problem.detail}`);
    this.name = "LadError";
  }
}

export type LadClient = Client<paths>;

export function createLadClient(options: LadOptions): LadClient {
  const client = createClient<paths>({ baseUrl: options.baseUrl });
  client.use(identify(options));
  return client;
}

/** Returns the body of a successful response. Throws LadError for any other. */
export async function answer<Body>(
  pending: Promise<{ data?: Body; error?: unknown; response: Response }>,
): Promise<Body> {
  const { data, error, response } = await pending;
  if (!response.ok) throw new LadError(error as Problem, response.status);
  return data as Body;
}

function identify(options: LadOptions): Middleware {
  return {
    async onRequest({ request }) {
      const token = await options.accessToken?.();
      if (token) request.headers.set("Authorization", `Bearer ${token}`);
      if (options.tenantId) request.headers.set("X-Tenant-ID", options.tenantId);
      return request;
    },
  };
}

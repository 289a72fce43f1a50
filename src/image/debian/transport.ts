// The way out to the network: Node's own fetch, or undici's behind a proxy when the environment names one (http_proxy,
// https_proxy, no_proxy), which Node's own does not heed. Depends on undici.

export type Fetch = (url: string, init: { headers: Record<string, string>; signal: AbortSignal }) => Promise<Response>;

export interface Transport {
  fetch: Fetch;
  /** Lets go of kept connections. */
  close(): Promise<void>;
}

const PROXY_VARIABLES = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];

export async function openTransport(env: Readonly<Record<string, string | undefined>> = process.env): Promise<Transport> {
  if (!PROXY_VARIABLES.some((name) => (env[name] ?? "") !== "")) {
    return { fetch: (url, init) => globalThis.fetch(url, init), close: async () => {} };
  }
  const undici = await import("undici");
  const dispatcher = new undici.EnvHttpProxyAgent({
    httpProxy: env.http_proxy ?? env.HTTP_PROXY ?? "",
    httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? "",
    noProxy: env.no_proxy ?? env.NO_PROXY ?? "",
  });
  return {
    fetch: async (url, init) => (await undici.fetch(url, { ...init, dispatcher })) as unknown as Response,
    close: () => dispatcher.close(),
  };
}

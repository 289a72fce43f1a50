// Does something only while the page is seen. A browser opens about six connections to a server: pages in the background that
// hold streams would leave none for the one in front. Depends on the DOM only.

/** A look at another tab for less than this ends nothing. */
const GRACE_MS = 5000;

/** Calls `begin` now or once the page is seen; the signal it gets is aborted when the page is hidden, or `stop` is. */
export function whileVisible(begin: (signal: AbortSignal) => void, stop: AbortSignal): void {
  let running: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    running?.abort();
    running = undefined;
  };
  const check = (): void => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(end, GRACE_MS);
    else if (running === undefined) {
      running = new AbortController();
      begin(running.signal);
    }
  };
  document.addEventListener("visibilitychange", check, { signal: stop });
  stop.addEventListener("abort", () => {
    clearTimeout(timer);
    end();
  });
  check();
}

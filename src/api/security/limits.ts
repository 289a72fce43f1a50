// What a client may cost the server, in one table: docs/SECURITY.md shows the same. Depends on nothing.

export interface Limits {
  /** All header lines of a request; more is answered with 431. */
  readonly headerBytes: number;
  /** From a connection's beginning, or the end of its last answer, to the end of a request's headers once they have begun. */
  readonly headersMs: number;
  /** An idle connection between two requests. */
  readonly keepAliveMs: number;
  readonly handshakeMs: number;
  /** Waiting for the next byte of a body; time in which we are the slow ones does not count. */
  readonly bodyIdleMs: number;
  /** Less than this on average, `bodyIdleMs` not counted, ends an upload. */
  readonly bodyBytesPerSecond: number;
  /** An answer that is not taken off our hands at all for so long is cut. */
  readonly stalledMs: number;
  /** So is one of which less than this is taken on average in that time, while more waits. */
  readonly answerBytesPerSecond: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly requestsPerConnection: number;
  /** Requests on one connection that wait for their answers. */
  readonly pipelinedRequests: number;
  /** Bodies other than files and archives. */
  readonly bodyBytes: number;
  readonly webSocketMessageBytes: number;
  /** Requests of one caller that last: events, attach, exec, logs, wait, transfers. */
  readonly streamsPerCaller: number;
  /** Requests of one caller, or, without one, of one address; Infinity for no bound. Twice as many may come at once. */
  readonly ratePerSecond: number;
  /** Failed authentications of one address, before they are answered with 429. */
  readonly failuresPerSecond: number;
  readonly failuresBurst: number;
  /** From the request to close until what is still open is cut. */
  readonly closeMs: number;
}

// prettier-ignore
export const DEFAULT_LIMITS: Limits = {
  headerBytes:           16 << 10,
  headersMs:             15_000,
  keepAliveMs:           15_000,
  handshakeMs:           10_000,
  bodyIdleMs:            30_000,
  bodyBytesPerSecond:    256,
  stalledMs:             120_000,
  answerBytesPerSecond:  256,
  connections:           2048,
  connectionsPerAddress: 512,
  requestsPerConnection: 10_000,
  pipelinedRequests:     8,
  bodyBytes:             1 << 20,
  webSocketMessageBytes: (1 << 20) + (64 << 10),
  streamsPerCaller:      256,
  ratePerSecond:         500,
  failuresPerSecond:     5,
  failuresBurst:         20,
  closeMs:               3_000,
};

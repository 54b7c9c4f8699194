/** Limits of both transports; `docs/mcp.md` lists them. */
export const MCP_LIMITS = {
  /** A longer message is refused, and not read further. */
  maxMessageBytes: 1024 * 1024,
  /** JSON nested deeper is refused. */
  maxDepth: 64,
  /** Longest id, key, handle or environment in a call. */
  maxNameChars: 2_000,
  /** Longest command line that is compared. */
  maxCommandChars: 8_000,
  /** Calls that are worked on at once over stdio; reading waits until one is done. */
  maxInFlight: 32,
  /** So much of a text is read before other calls, and a cancellation, get their turn. */
  sliceChars: 64 * 1024,
  /** After the client has gone, so long answers that are owed may take. */
  drainMs: 5_000,
  /** Records that are listed as resources; the others are found by their id. */
  maxListed: 500,
  /** Readings named in one answer. */
  maxCompletions: 50,
} as const;

/** Limits of `faultbook serve`; `docs/mcp.md` lists them. */
export const HTTP_LIMITS = {
  /** A request's headers must have come after so long, and its body. */
  headersMs: 5_000,
  requestMs: 10_000,
  /** An answer that takes longer, or a stream that is open longer, is cut off. */
  exchangeMs: 60_000,
  keepAliveMs: 5_000,
  maxConnections: 64,
  /** Requests that are answered at once; one more is told to come back (503). */
  maxConcurrent: 16,
  /** Of these, streams that wait for news. */
  maxSubscriptions: 4,
  maxHeaderBytes: 16 * 1024,
  /** A shorter token is refused at the start: it could be guessed. */
  minTokenChars: 16,
  maxTokens: 1_000,
} as const;

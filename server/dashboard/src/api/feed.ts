// The live feed: one WebSocket that says which runs have changed, never what they measured.

import { fetchChanges } from "./client";
import type { Change, Notice } from "./types";

export type FeedState = "connecting" | "live" | "reconnecting" | "offline";

type ChangesListener = (changes: Change[], isReset: boolean) => void;

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;
/** After so long without a connection the page says "offline" instead of "reconnecting". */
const OFFLINE_AFTER_MS = 10_000;
/** After so many sockets in a row that never opened, it is asked for changes instead. */
const REFUSALS_MAX = 2;
const ASK_MS = 2_000;
const ASKS_PER_SOCKET = 15; // then a socket is tried again

/**
 * Keeps the feed connected and goes on from the last cursor after every break, so no change is
 * missed however long the server was away. Where sockets do not get through, it asks every two
 * seconds.
 */
export class Feed {
  state: FeedState = "connecting";
  /** When the connection was lost, milliseconds since the epoch; null while there is one. */
  lostAt: number | null = null;
  private cursor: number | null = null;
  /** That the cursor counts in: another one once a backup of the store was restored. */
  private history = "";
  private socket: WebSocket | null = null;
  private attempts = 0;
  private refusals = 0; // sockets in a row that never opened
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly changesListeners = new Set<ChangesListener>();
  private readonly stateListeners = new Set<() => void>();

  /** Connect, and go on from a revision: that of the first thing the page has fetched. */
  start({ rev, history }: { rev: number; history: string }): void {
    if (this.socket || this.cursor !== null) return;
    this.cursor = rev;
    this.history = history;
    window.addEventListener("online", this.retryNow);
    this.connect();
  }

  /** Call *listener* with every batch of changes; returns what stops it. */
  onChanges(listener: ChangesListener): () => void {
    this.changesListeners.add(listener);
    return () => this.changesListeners.delete(listener);
  }

  /** Call *listener* when `state` changes; returns what stops it. */
  readonly onState = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  private connect(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(
      `${scheme}://${location.host}/api/v1/feed?cursor=${this.cursor ?? 0}&history=${this.history}`,
    );
    this.socket = socket;
    this.refusals += 1;
    socket.onopen = () => {
      this.refusals = 0;
      this.setLive();
    };
    socket.onmessage = (message) => this.receive(JSON.parse(String(message.data)) as Notice);
    socket.onclose = () => this.lose();
  }

  private receive(notice: Notice): void {
    this.cursor = notice.cursor;
    this.history = notice.history;
    for (const listener of this.changesListeners) listener(notice.changes, notice.reset ?? false);
  }

  private lose(): void {
    this.socket = null;
    if (this.refusals >= REFUSALS_MAX) void this.ask(ASKS_PER_SOCKET);
    else this.retryLater();
  }

  /** Do without a socket for a while, as long as the server answers. */
  private async ask(times: number): Promise<void> {
    try {
      this.receive(await fetchChanges(this.cursor ?? 0, this.history));
    } catch {
      this.retryLater();
      return;
    }
    this.setLive();
    this.timer = setTimeout(() => {
      if (times > 1) void this.ask(times - 1);
      else this.connect();
    }, ASK_MS);
  }

  private setLive(): void {
    this.attempts = 0;
    this.lostAt = null;
    this.setState("live");
  }

  private retryLater(): void {
    this.lostAt ??= Date.now();
    const isLong = Date.now() - this.lostAt >= OFFLINE_AFTER_MS;
    this.setState(isLong || !navigator.onLine ? "offline" : "reconnecting");
    // Full jitter: a server that comes back is not met by all browsers at once.
    const bound = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.attempts);
    this.attempts += 1;
    this.timer = setTimeout(() => this.connect(), RETRY_MS_MIN / 2 + Math.random() * bound);
  }

  private readonly retryNow = (): void => {
    if (this.socket) return;
    clearTimeout(this.timer);
    this.connect();
  };

  private setState(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.stateListeners) listener();
  }
}

export const feed = new Feed();

// The live feed: one WebSocket that says which runs have changed, never what they measured.

import { fetchChanges } from "./client";
import { Tabs, type FeedState, type Said } from "./tabs";
import type { Change, Notice } from "./types";

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
 * seconds. Of several tabs of a browser one has the connection, the others hear of it from there.
 * A tab that nobody sees keeps what it hears to itself until it is looked at.
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
  private readonly unseen = new Map<string, Change>(); // by run, while nobody looks
  private isReset = false; // of what is unseen
  private readonly tabs = new Tabs(
    () => this.connect(),
    (said) => this.hear(said),
    () => ({ state: this.state, lostAt: this.lostAt }),
  );
  private readonly changesListeners = new Set<ChangesListener>();
  private readonly stateListeners = new Set<() => void>();

  /** Connect, and go on from a revision: that of the first thing the page has fetched. */
  start({ rev, history }: { rev: number; history: string }): void {
    if (this.cursor !== null) return;
    this.cursor = rev;
    this.history = history;
    window.addEventListener("online", this.retryNow);
    document.addEventListener("visibilitychange", this.tellUnseen);
    this.tabs.join(() => void this.catchUp());
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

  /** Take what the server says, and pass it on to the other tabs. */
  private receive(notice: Notice): void {
    this.tabs.tellNotice(this.cursor ?? 0, notice);
    this.take(notice);
  }

  /** Take what the tab with the connection says. */
  private hear(said: Said): void {
    if (said.kind === "state") {
      this.lostAt = said.lostAt;
      this.setState(said.state);
    } else if (said.notice.history !== this.history || said.from > (this.cursor ?? 0))
      void this.catchUp(); // something was said while this tab did not listen
    else this.take(said.notice);
  }

  /** Ask for what has changed since the cursor; if that fails, the next notice asks again. */
  private async catchUp(): Promise<void> {
    try {
      this.take(await fetchChanges(this.cursor ?? 0, this.history));
    } catch {
      // The tab with the connection says that it is lost.
    }
  }

  private take({ cursor, history, changes, reset }: Notice): void {
    // A notice and an answer to a question may cross each other.
    this.cursor = history === this.history ? Math.max(cursor, this.cursor ?? 0) : cursor;
    this.history = history;
    for (const change of changes) this.unseen.set(change.id, change);
    this.isReset ||= reset ?? false;
    this.tellUnseen();
  }

  private readonly tellUnseen = (): void => {
    if (document.hidden || (this.unseen.size === 0 && !this.isReset)) return;
    const changes = [...this.unseen.values()];
    const { isReset } = this;
    this.unseen.clear();
    this.isReset = false;
    for (const listener of this.changesListeners) listener(changes, isReset);
  };

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
    if (this.socket || !this.tabs.isFirst) return;
    clearTimeout(this.timer);
    this.connect();
  };

  private setState(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    this.tabs.tellState();
    for (const listener of this.stateListeners) listener();
  }
}

export const feed = new Feed();

// The tabs of one browser: the first has the connection to the server, the others hear of it.

import type { Notice } from "./types";

export type FeedState = "connecting" | "live" | "reconnecting" | "offline";

interface StateSaid {
  kind: "state";
  state: FeedState;
  lostAt: number | null;
}

interface NoticeSaid {
  kind: "notice";
  /** The cursor that it follows: who is not there yet has missed something. */
  from: number;
  notice: Notice;
}

/** What the first tab says to the others. */
export type Said = StateSaid | NoticeSaid;

const NAME = "mltrack.feed";

/**
 * Finds out which tab is the first: the browser gives its lock to one tab, and to another once
 * that one is closed. Where there are no locks (plain HTTP from another machine) each tab is.
 */
export class Tabs {
  /** This tab has the connection. */
  isFirst = false;
  private channel: BroadcastChannel | null = null;

  /**
   * *onFirst* is called once, when this tab becomes the first; *onSaid* with what another one says;
   * *present* is what a tab that comes later is told.
   */
  constructor(
    private readonly onFirst: () => void,
    private readonly onSaid: (said: Said) => void,
    private readonly present: () => Omit<StateSaid, "kind">,
  ) {}

  /** Become the first, or follow it: then *onFollow* is called once what it says is heard. */
  join(onFollow: () => void): void {
    if (!("locks" in navigator) || !("BroadcastChannel" in window)) return this.lead();
    const channel = new BroadcastChannel(NAME);
    channel.onmessage = ({ data }: MessageEvent<Said | { kind: "hello" }>) => {
      if (data.kind === "hello") this.tellState();
      else if (!this.isFirst) this.onSaid(data);
    };
    this.channel = channel;
    const leadForGood = () => {
      this.lead();
      return new Promise<never>(() => undefined); // the lock is held as long as the tab is there
    };
    void navigator.locks.request(NAME, { ifAvailable: true }, (lock) => {
      if (lock) return leadForGood();
      channel.postMessage({ kind: "hello" });
      onFollow();
      void navigator.locks.request(NAME, leadForGood);
      return undefined;
    });
  }

  tellNotice(from: number, notice: Notice): void {
    this.say({ kind: "notice", from, notice });
  }

  tellState(): void {
    this.say({ kind: "state", ...this.present() });
  }

  private say(said: Said): void {
    if (this.isFirst) this.channel?.postMessage(said);
  }

  private lead(): void {
    this.isFirst = true;
    this.onFirst();
  }
}

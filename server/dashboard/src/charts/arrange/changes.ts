// Changes of a wall on their way to the server, of which none is lost to somebody else's.

import { ApiError } from "../../api/client";
import type { Wall, WallLayout, WallSave } from "../../api/types";
import { changed, type Change } from "./layout";

/** So often in a row somebody else is quicker before it is said that nothing could be saved. */
const ATTEMPTS = 8;

interface Store {
  read: () => Promise<Wall>;
  save: (wall: WallSave) => Promise<Wall>;
  /** What there is at the server, as far as is known. */
  known: () => Wall | undefined;
  /** Told of what there is now. */
  take: (wall: Wall) => void;
}

/** What was saved last, and what there was before. */
export interface Saved {
  before: WallLayout;
  after: Wall;
}

/** Somebody has arranged something since what is to be taken back. */
export class TooLate extends Error {}

/** The changes of one project's wall that are not saved yet, in their order. One request at a time. */
export class Changes {
  pending: readonly Change[] = [];
  error: Error | null = null;
  saved: Saved | null = null;
  private isSaving = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly project: string,
    private readonly store: Store,
  ) {}

  readonly onChange = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  async add(change: Change, author: string): Promise<void> {
    this.set({ pending: [...this.pending, change] });
    await this.save(author);
  }

  /** Save what is pending. What fails stays pending, and is seen, until it is saved or dropped. */
  async save(author: string): Promise<void> {
    if (this.isSaving) return;
    this.isSaving = true;
    this.set({ error: null });
    try {
      while (this.pending.length > 0) {
        const batch = this.pending;
        const saved = await this.put(batch, author);
        this.store.take(saved.after);
        this.set({ pending: this.pending.slice(batch.length), saved });
      }
    } catch (error) {
      if (error instanceof TooLate) this.set({ pending: [], saved: null });
      this.set({ error: error as Error });
    } finally {
      this.isSaving = false;
    }
  }

  /** Let what could not be saved go. */
  drop(): void {
    this.set({ pending: [], error: null });
  }

  /** Say nothing more of what was saved. */
  forget(): void {
    this.set({ saved: null });
  }

  /** Do *batch* to the newest version that there is, whoever saved it. */
  private async put(batch: readonly Change[], author: string): Promise<Saved> {
    let base = this.store.known() ?? (await this.store.read());
    for (let attempt = 1; ; attempt += 1) {
      const { version, layout: before } = base;
      if (batch.some((change) => change.do === "take_back" && change.of !== version))
        throw new TooLate();
      const layout = batch.reduce(changed, before);
      try {
        const after = await this.store.save({ project: this.project, version, author, layout });
        return { before, after };
      } catch (error) {
        const isConflict = error instanceof ApiError && error.status === 409;
        if (!isConflict || attempt === ATTEMPTS) throw error;
        base = await this.store.read();
      }
    }
  }

  private set(state: Partial<Pick<Changes, "pending" | "error" | "saved">>): void {
    Object.assign(this, state);
    for (const listener of this.listeners) listener();
  }
}

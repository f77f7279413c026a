// The run whose line is nearest to the pointer, for what is asked of it by keyboard.

let run: string | null = null;

export const pointed = {
  get: (): string | null => run,

  set(id: string | null): void {
    run = id;
  },
};
